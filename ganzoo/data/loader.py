"""Batches in one deterministic order: from tensors on the device, or streamed where a dataset is too large.

The order is a pure function of (seed, epoch, rank, world), so that a position in it is one integer.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator

import torch

from ganzoo.data import validation
from ganzoo.data.sampler import BatchSampler, balanced, shuffled
from ganzoo.data.workers import Key, batch_seed, stream
from ganzoo.errors import DataError
from ganzoo.interfaces import Batch, Dataset


class Batches(Iterator[Batch]):
    """Endless batches on the device, images in [-1, 1]. `position` counts the batches drawn.

    balance: every class is drawn with the same chance, instead of every example once a pass.
    Errors: those of batches_per_epoch(), examples.whole() and order.balanced(); of stream() when drawing.
    """

    def __init__(
        self,
        dataset: Dataset,
        batch_size: int,
        seed: int,
        device: torch.device,
        rank: int = 0,
        world: int = 1,
        workers: int = 0,
        balance: bool = False,
    ):
        self.dataset = dataset
        self.device = device
        self.workers = workers
        self.per_epoch = batches_per_epoch(len(dataset), batch_size, world)
        whole = validation.whole(dataset)
        order = balanced(dataset) if balance else shuffled(len(dataset))
        where = device if whole is not None else torch.device("cpu")
        self.passes = BatchSampler(order, batch_size, self.per_epoch, seed, rank, world, where)
        self.whole = {key: value.to(device) for key, value in whole.items()} if whole is not None else None
        self.seek(0)

    def seek(self, position: int) -> None:
        """Continue after `position` batches."""
        self.position = position
        self._order = self.passes.after(position)
        self._stream: Generator[Batch, None, None] | None = None

    def close(self) -> None:
        """Let go of the processes that read."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def __next__(self) -> Batch:
        if self.whole is not None:
            chosen = next(self._order)
            batch = {key: value.index_select(0, chosen) for key, value in self.whole.items()}
        else:
            if self._stream is None:
                self._stream = stream(self.dataset, _keys(self.passes, self.position), self.workers)
            batch = {key: value.to(self.device, non_blocking=True) for key, value in next(self._stream).items()}
        self.position += 1
        return normalised(batch)


def _keys(passes: BatchSampler, position: int) -> Iterator[Key]:
    """A seed for each batch after `position`, another one on each process, and the indices of its examples.

    No method: a stream that holds its Batches, which holds it, would keep the processes that read.
    """
    for number, chosen in enumerate(passes.after(position), position):
        yield batch_seed(passes.seed, number * passes.world + passes.rank), chosen.tolist()


def batches_per_epoch(length: int, batch_size: int, world: int) -> int:
    """Batches of each process in one pass; the rest is left out. Errors: DataError when there is not one."""
    if length >= batch_size * world:
        return length // (batch_size * world)
    if length == 0:
        raise DataError("the dataset is empty: there is nothing to train on.")
    each = f" on each of {world} processes" if world > 1 else ""
    raise DataError(
        f"the dataset has {length} examples, fewer than one batch of {batch_size}{each}: "
        f"set run.batch_size={max(1, length // world)} or less, or use more data."
    )


def normalised(batch: Batch) -> Batch:
    """uint8 images 0..255 -> float32 in [-1, 1]; everything else as it is. The one place where this happens."""
    return {
        key: value.float().div_(127.5).sub_(1) if value.dtype == torch.uint8 else value for key, value in batch.items()
    }
