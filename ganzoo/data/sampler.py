"""Samplers: the order of the examples in an epoch, shuffled or balanced by class, and its batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from ganzoo.errors import DataError, IncompatibleError
from ganzoo.interfaces import Dataset

Order = Callable[[torch.Generator], Tensor]
"""Maps the random generator of an epoch to the indices of its examples (length,)."""


def shuffled(length: int) -> Order:
    """Return an order that has every example once per epoch."""
    return lambda generator: torch.randperm(length, generator=generator)


def balanced(dataset: Dataset) -> Order:
    """Return an order that draws all classes with equal probability.

    Each index is drawn with replacement: first a class, then one of its examples. Classes without examples are left
    out. An epoch has as many examples as the dataset.

    Args:
        dataset: A dataset with labels.

    Returns:
        The order.

    Raises:
        IncompatibleError: The dataset has no labels.
        DataError: The dataset does not know all labels in advance.
    """
    classes = dataset.spec.classes
    if not classes:
        raise IncompatibleError(
            "run.balance draws all classes equally often, and this dataset has no labels: set run.balance=false."
        )
    labels = dataset.all_labels()
    if labels is None:
        raise DataError(
            f"run.balance needs every label before training, and dataset {type(dataset).__name__}, which is read one "
            "example at a time, does not tell them: set run.balance=false, or give it an all_labels() method."
        )
    by_class, counts = labels.argsort(stable=True), labels.bincount(minlength=classes)
    starts, present = counts.cumsum(0) - counts, counts.nonzero()[:, 0]

    def order(generator: torch.Generator) -> Tensor:  # torch.multinomial takes no more than 2**24
        drawn = present[torch.randint(len(present), labels.shape, generator=generator)]
        share = torch.rand(labels.shape, generator=generator, dtype=torch.float64)
        return by_class[starts[drawn] + (share * counts[drawn]).long()]

    return order


@dataclass(frozen=True)
class BatchSampler:
    """The batches of one process, epoch after epoch; a pure function of its fields.

    Attributes:
        order: Order of the examples in an epoch.
        batch_size: Examples per batch and process.
        per_epoch: Batches per epoch and process.
        seed: Seed of the order.
        rank: Index of the process.
        world: Number of processes.
        device: Device of the indices.
    """

    order: Order
    batch_size: int
    per_epoch: int
    seed: int
    rank: int
    world: int
    device: torch.device

    def after(self, position: int) -> Iterator[Tensor]:
        """Yield the indices of the batches after the first `position` ones, without end."""
        epoch, start = divmod(position, self.per_epoch)
        while True:
            order = self.order(torch.Generator().manual_seed(self.seed + epoch * 1_000_003)).to(self.device)
            for index in range(start, self.per_epoch):
                first = (index * self.world + self.rank) * self.batch_size
                yield order[first : first + self.batch_size]
            epoch, start = epoch + 1, 0
