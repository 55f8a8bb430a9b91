"""In which order the examples come: all of them once a pass, or every class as often as any other; and in batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from ganzoo.errors import DataError, IncompatibleError
from ganzoo.interfaces import Dataset

Order = Callable[[torch.Generator], Tensor]
"""A pass: its generator -> indices (length,). The same generator gives the same pass."""


def shuffled(length: int) -> Order:
    """Every example once."""
    return lambda generator: torch.randperm(length, generator=generator)


def balanced(dataset: Dataset) -> Order:
    """As many examples, drawn with replacement: first a class, each with the same chance, then one of its examples.

    A class without an example is left out.

    Raises:
        IncompatibleError: The dataset has no labels.
        DataError: The dataset does not tell all labels before training.
    """
    classes = dataset.spec.classes
    if not classes:
        raise IncompatibleError(
            "run.balance draws every class alike, and this dataset has no labels: set run.balance=false."
        )
    labels = dataset.all_labels()
    if labels is None:
        raise DataError(
            f"run.balance needs every label before training, and dataset {type(dataset).__name__}, which is read one "
            "example at a time, does not tell them: set run.balance=false, or give it an all_labels() method."
        )
    by_class, counts = labels.argsort(stable=True), labels.bincount(minlength=classes)
    starts, present = counts.cumsum(0) - counts, counts.nonzero()[:, 0]

    def order(generator: torch.Generator) -> Tensor:  # torch.multinomial does the same for up to 2**24 examples only
        drawn = present[torch.randint(len(present), labels.shape, generator=generator)]
        share = torch.rand(labels.shape, generator=generator, dtype=torch.float64)
        return by_class[starts[drawn] + (share * counts[drawn]).long()]

    return order


@dataclass(frozen=True)
class BatchSampler:
    """Pass after pass, the batches of one process among `world`: a pure function of these fields."""

    order: Order
    batch_size: int
    per_epoch: int
    seed: int
    rank: int
    world: int
    device: torch.device

    def after(self, position: int) -> Iterator[Tensor]:
        """The indices of each batch, without end, when `position` batches were drawn before."""
        epoch, start = divmod(position, self.per_epoch)
        while True:
            order = self.order(torch.Generator().manual_seed(self.seed + epoch * 1_000_003)).to(self.device)
            for index in range(start, self.per_epoch):
                first = (index * self.world + self.rank) * self.batch_size
                yield order[first : first + self.batch_size]
            epoch, start = epoch + 1, 0
