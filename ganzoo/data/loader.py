"""Data loader: batches from tensors on the device, or streamed when the dataset is too large.

The order is a pure function of (seed, epoch, rank, world), so one integer tells the position in it.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Generator, Iterator, Mapping

import torch

from ganzoo.data import unpaired, validation
from ganzoo.data.sampler import BatchSampler, balanced, shuffled
from ganzoo.data.workers import Key, batch_seed, stream
from ganzoo.errors import DataError
from ganzoo.interfaces import Batch, Dataset

SIDE = 500_009  # difference of the seeds of two sets: equal ones would pair sets of one length


class Batches(Iterator[Batch]):
    """Endless iterator over batches on the device, images in [-1, 1]. Batches.of() makes one.

    Attributes:
        position: Number of batches drawn.
        per_epoch: Number of batches per epoch and process.
    """

    position: int
    per_epoch: int

    @staticmethod
    def of(
        dataset: Dataset,
        batch_size: int,
        seed: int,
        device: torch.device,
        rank: int = 0,
        world: int = 1,
        workers: int = 0,
        balance: bool = False,
    ) -> Batches:
        """Return the batches of a dataset.

        Of two sets (Dataset.sides()), each has an order of its own, and an epoch is that of the longer one.

        Args:
            dataset: The dataset.
            batch_size: Examples per batch and process.
            seed: Seed of the order.
            device: Device of the batches.
            rank: Index of this process.
            world: Number of processes.
            workers: Number of worker processes that read examples, if the dataset is streamed.
            balance: Draw every class with equal probability, instead of every example once per epoch.

        Returns:
            The batches, from the first one on.

        Raises:
            DataError: There are too few examples for one batch, some of them do not agree with the spec, or `balance`
                needs labels that the dataset does not know in advance.
            IncompatibleError: `balance` needs labels, and the dataset has none.
        """

        def of_one(one: Dataset, seed: int) -> Batches:
            per_epoch = batches_per_epoch(len(one), batch_size, world)
            whole = validation.whole(one)
            order = balanced(one) if balance else shuffled(len(one))
            index_device = device if whole is not None else torch.device("cpu")
            sampler = BatchSampler(order, batch_size, per_epoch, seed, rank, world, index_device)
            return _Held(whole, sampler, device) if whole is not None else _Streamed(one, sampler, device, workers)

        sides = dataset.sides()
        if not sides:
            return of_one(dataset, seed)
        return _Joined(sides, {key: of_one(side, seed + k * SIDE) for k, (key, side) in enumerate(sides.items())})

    @abstractmethod
    def seek(self, position: int) -> None:
        """Continue after `position` batches."""

    def close(self) -> None:
        """Stop the worker processes, if there are any."""


class _Held(Batches):
    """Batches from tensors on the device."""

    def __init__(self, whole: Batch, sampler: BatchSampler, device: torch.device):
        self.whole = {key: value.to(device) for key, value in whole.items()}
        self.sampler = sampler
        self.per_epoch = sampler.per_epoch
        self.seek(0)

    def seek(self, position: int) -> None:
        self.position = position
        self.order = self.sampler.after(position)

    def __next__(self) -> Batch:
        indices = next(self.order)
        self.position += 1
        return normalised({key: value.index_select(0, indices) for key, value in self.whole.items()})


class _Streamed(Batches):
    """Batches of a dataset that is read one example at a time."""

    def __init__(self, dataset: Dataset, sampler: BatchSampler, device: torch.device, workers: int):
        self.dataset = dataset
        self.sampler = sampler
        self.device = device
        self.workers = workers
        self.per_epoch = sampler.per_epoch
        self.position = 0
        self.stream: Generator[Batch, None, None] | None = None

    def seek(self, position: int) -> None:
        self.position = position
        self.stream = None

    def close(self) -> None:
        if self.stream is not None:
            self.stream.close()
            self.stream = None

    def __next__(self) -> Batch:
        if self.stream is None:
            self.stream = stream(self.dataset, _keys(self.sampler, self.position), self.workers)
        batch = {key: value.to(self.device, non_blocking=True) for key, value in next(self.stream).items()}
        self.position += 1
        return normalised(batch)


class _Joined(Batches):
    """Batches of two sets."""

    def __init__(self, sides: Mapping[str, Dataset], batches: Mapping[str, Batches]):
        self.sides = sides
        self.batches = batches
        self.per_epoch = max(side.per_epoch for side in batches.values())
        self.position = 0

    def seek(self, position: int) -> None:
        self.position = position
        for side in self.batches.values():
            side.seek(position)

    def close(self) -> None:
        for side in self.batches.values():
            side.close()

    def __next__(self) -> Batch:
        self.position += 1
        return unpaired.joined(self.batches, self.sides)


def _keys(sampler: BatchSampler, position: int) -> Iterator[Key]:
    """Yield the seed of each batch after `position`, different on each process, and the indices of its examples.

    This is no method, because a reference circle of the stream and the batches would keep the worker processes alive.
    """
    for number, indices in enumerate(sampler.after(position), position):
        yield batch_seed(sampler.seed, number * sampler.world + sampler.rank), indices.tolist()


def batches_per_epoch(length: int, batch_size: int, world: int) -> int:
    """Return the number of batches per process in one epoch; an incomplete last batch is dropped.

    Args:
        length: Number of examples.
        batch_size: Examples per batch and process.
        world: Number of processes.

    Returns:
        The number of batches, at least 1.

    Raises:
        DataError: There are too few examples for one batch.
    """
    if length >= batch_size * world:
        return length // (batch_size * world)
    if length == 0:
        raise DataError("the dataset is empty: there is nothing to train on.")
    where = f" on each of {world} processes" if world > 1 else ""
    raise DataError(
        f"the dataset has {length} examples, fewer than one batch of {batch_size}{where}: "
        f"set run.batch_size={max(1, length // world)} or less, or use more data."
    )


def normalised(batch: Batch) -> Batch:
    """Convert uint8 images 0..255 to float32 in [-1, 1]; other tensors are unchanged. No other code does this."""
    return {
        key: value.float().div_(127.5).sub_(1) if value.dtype == torch.uint8 else value for key, value in batch.items()
    }
