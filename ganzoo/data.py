"""Batches in one deterministic order: from tensors on the device, or streamed where a dataset is too large.

The order is a pure function of (seed, epoch, rank, world), so that a position in it is one integer.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator

import torch
from torch import Tensor

from ganzoo import examples
from ganzoo.errors import DataError
from ganzoo.interfaces import Batch, Dataset
from ganzoo.order import balanced, shuffled
from ganzoo.streaming import Key, batch_seed, stream


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
        self.length, self.batch_size, self.seed, self.rank, self.world = len(dataset), batch_size, seed, rank, world
        self.per_epoch = batches_per_epoch(self.length, batch_size, world)
        self.dataset, self.device, self.workers = dataset, device, workers
        whole = examples.whole(dataset)
        self.order = balanced(dataset) if balance else shuffled(self.length)
        self.whole = {key: value.to(device) for key, value in whole.items()} if whole is not None else None
        self.seek(0)

    def seek(self, position: int) -> None:
        """Continue after `position` batches."""
        self.position = position
        self._order = self._orders(position)
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
                self._stream = self._streamed()
            batch = {key: value.to(self.device, non_blocking=True) for key, value in next(self._stream).items()}
        self.position += 1
        return normalised(batch)

    def _streamed(self) -> Generator[Batch, None, None]:
        return stream(self.dataset, self._keys(), self.workers)

    def _keys(self) -> Iterator[Key]:
        """A seed for each batch from here on, another one on each process, and the indices of its examples."""
        for position, chosen in enumerate(self._order, self.position):
            yield batch_seed(self.seed, position * self.world + self.rank), chosen.tolist()

    def _orders(self, position: int) -> Iterator[Tensor]:
        """The indices of each batch of this rank, from `position` on."""
        epoch, start = divmod(position, self.per_epoch)
        device = self.device if self.whole is not None else torch.device("cpu")
        while True:
            order = self.order(torch.Generator().manual_seed(self.seed + epoch * 1_000_003)).to(device)
            for index in range(start, self.per_epoch):
                first = (index * self.world + self.rank) * self.batch_size
                yield order[first : first + self.batch_size]
            epoch, start = epoch + 1, 0


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
