"""Two sets of samples that do not belong together: inputs of a translator, and what outputs should look like."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence

from torch import Tensor

from ganzoo.data.sources import Source
from ganzoo.errors import DataError
from ganzoo.interfaces import Batch, Dataset, Spec


class Unpaired(Dataset):
    """Two datasets joined: samples of the first are inputs "a", those of the second are samples "b".

    Batches are drawn from each in an order of its own, so that lengths and shapes may differ. Labels of either are left
    out, because they would belong to one side only. As a sequence it is as long as the longer one, and the shorter one
    starts again.

    Args:
        a: Dataset of the inputs.
        b: Dataset of the samples.
    """

    def __init__(self, a: Dataset, b: Dataset):
        self.a = a
        self.b = b

    @property
    def spec(self) -> Spec:  # type: ignore[override]  # known once both are
        """The spec of the samples, without classes, and with the shape of the inputs."""
        return Spec(self.b.spec.shape, vocab=self.b.spec.vocab, source_shape=self.a.spec.shape)

    @property
    def in_memory(self) -> bool:  # type: ignore[override]
        """True when both are loaded as a whole."""
        return self.a.in_memory and self.b.in_memory

    def sides(self) -> Mapping[str, Dataset]:
        """Return both datasets, as "a" and "b"."""
        return {"a": self.a, "b": self.b}

    def __len__(self) -> int:
        lengths = [len(side) for side in self.sides().values()]
        return max(lengths) if min(lengths) else 0

    def __getitem__(self, i: int) -> Batch:
        if not 0 <= i < len(self):
            raise IndexError(f"there are {len(self)} examples")
        return {key: only_sample(side, side[i % len(side)]) for key, side in self.sides().items()}

    def held_out(self) -> Dataset | None:
        a, b = self.a.held_out(), self.b.held_out()
        return Unpaired(a, b) if a is not None and b is not None else None

    def sources(self) -> Sequence[Source]:
        return [*self.a.sources(), *self.b.sources()]

    def original_sizes(self) -> Sequence[tuple[int, int]]:
        return [*self.a.original_sizes(), *self.b.original_sizes()]

    def remarks(self) -> Sequence[str]:
        return [f"{key}: {remark}" for key, side in self.sides().items() for remark in side.remarks()]

    def fingerprint(self) -> str:
        """Return a digest of both fingerprints."""
        prints = "\0".join(side.fingerprint() for side in self.sides().values())
        return hashlib.sha256(prints.encode()).hexdigest()


def only_sample(dataset: Dataset, example: Batch) -> Tensor:
    """Return the samples of a batch or an example of one of two sets.

    Args:
        dataset: The dataset.
        example: The batch, or the example.

    Returns:
        Its "x".

    Raises:
        DataError: It has pairs.
    """
    if "x" not in example:
        raise DataError(
            f"dataset {type(dataset).__name__} has pairs, and one of two sets has single samples: use another dataset, "
            "or leave the table [dataset_a] out."
        )
    return example["x"]


def joined(batches: Mapping[str, Iterator[Batch]], sides: Mapping[str, Dataset]) -> Batch:
    """Draw a batch from each of two sets, and join their samples.

    Args:
        batches: The batches of each set, by its key.
        sides: The sets.

    Returns:
        The samples of each under its key.
    """
    return {key: only_sample(sides[key], next(drawn)) for key, drawn in batches.items()}
