"""A part of a labelled dataset with equally many examples of each class: the setting `per_class` of every dataset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

import torch
from torch import Tensor

from ganzoo.data.sources import Source
from ganzoo.errors import DataError, IncompatibleError
from ganzoo.interfaces import Batch, Dataset


class ClassSubset(Dataset):
    """Equally many random examples of each class. The test split stays whole.

    Args:
        whole: The dataset.
        per_class: Number of examples of each class.
        seed: Seed of the choice.

    Raises:
        IncompatibleError: The dataset has no labels.
    """

    def __init__(self, whole: Dataset, per_class: int, seed: int):
        self.whole = whole
        self.per_class = per_class
        self.seed = seed
        self.spec = whole.spec
        self.class_names = whole.class_names
        self.words = whole.words
        self.in_memory = whole.in_memory
        self.measured = whole.measured
        if not self.spec.classes:
            raise IncompatibleError(
                f"dataset.per_class={per_class} takes examples of each class, and this dataset has no labels: leave it "
                "out."
            )

    @cached_property
    def indices(self) -> Tensor:
        """Return the indices of the examples in the whole dataset, in its order.

        Returns:
            Indices, int64 (len,).

        Raises:
            DataError: A class has too few examples, or labels are not known without reading every example.
        """
        labels = self.whole.all_labels()
        if labels is None:
            raise DataError(
                f"dataset.per_class={self.per_class} needs every label before training, and dataset "
                f"{type(self.whole).__name__}, which is read one example at a time, does not tell them: leave it out, "
                "or give it an all_labels() method."
            )
        labels = labels.cpu()
        counts = labels.bincount(minlength=self.spec.classes)
        if (fewest := int(counts.min())) < self.per_class:
            name = [*self.class_names, *map(str, range(len(self.class_names), self.spec.classes))][int(counts.argmin())]
            raise DataError(
                f"dataset.per_class={self.per_class}, and class {name} has {fewest} examples: set "
                f"dataset.per_class={fewest} or less."
                if fewest
                else f"dataset.per_class={self.per_class}, and class {name} has no examples: leave it out."
            )
        generator = torch.Generator().manual_seed(self.seed)
        chosen = []
        for label in range(self.spec.classes):
            of_class = (labels == label).nonzero()[:, 0]
            chosen.append(of_class[torch.randperm(len(of_class), generator=generator)[: self.per_class]])
        return torch.cat(chosen).sort().values

    def __len__(self) -> int:
        return self.per_class * self.spec.classes

    def __getitem__(self, i: int) -> Batch:
        return self.whole[int(self.indices[i])]

    def example_name(self, i: int) -> str:
        return self.whole.example_name(int(self.indices[i]))

    def tensors(self) -> Batch | None:
        everything = self.whole.tensors()
        return None if everything is None else {key: value[self.indices] for key, value in everything.items()}

    def held_out(self) -> Dataset | None:
        return self.whole.held_out()

    def sources(self) -> Sequence[Source]:
        return self.whole.sources()

    def all_labels(self) -> Tensor | None:
        labels = self.whole.all_labels()
        return None if labels is None else labels[self.indices]

    def measure(self, samples: Tensor) -> Mapping[str, float]:
        return self.whole.measure(samples)

    def original_sizes(self) -> Sequence[tuple[int, int]]:
        return self.whole.original_sizes()

    def whole_picture(self, i: int) -> Tensor:
        return self.whole.whole_picture(int(self.indices[i]))

    def remarks(self) -> Sequence[str]:
        return self.whole.remarks()
