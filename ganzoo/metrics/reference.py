"""Real samples to compare with: those that are trained on, and those that are held out, each in an order drawn once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor

from ganzoo.data import subset
from ganzoo.data.sources import cache_root
from ganzoo.errors import IncompatibleError
from ganzoo.interfaces import Batch, Dataset
from ganzoo.utils import rng

SEED = 0  # of the order, and of what examples draw; part of a score's protocol by being a constant
MOST = 50_000  # real samples that are compared with: what figures of the field are computed from
NUMBERS = 2**28  # in all of them: 1 GiB


@dataclass(frozen=True)
class Part:
    """Some examples of a dataset, in a random order: `indices` says which, `told` says it in words.

    Examples that are drawn anew each time they are read are drawn alike here.
    """

    dataset: Dataset
    indices: tuple[int, ...]
    told: str

    def __len__(self) -> int:
        return len(self.indices)

    @cached_property
    def batch(self) -> Batch:
        """All of them, images in [-1, 1]."""
        with rng.seeded(SEED):
            return subset.take(self.dataset, list(self.indices))

    @property
    def samples(self) -> Tensor:
        """(N, *shape); of pairs, what the inputs should become."""
        return self.batch["x" if "x" in self.batch else "b"]

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the content: never of a name."""
        with rng.seeded(SEED):
            named = hashlib.sha256(self.dataset.fingerprint().encode())
        named.update(repr(self.indices).encode())
        return named.hexdigest()


@dataclass(frozen=True)
class Reference:
    """real: what is trained on. held: what is not. cache: a folder for what is worth keeping between evaluations.

    Where a dataset keeps no part for testing, real is one half of it and held the other: a referee trained on real then
    has not seen held, though the GAN has seen both.
    """

    real: Part
    held: Part
    cache: Path

    @property
    def told(self) -> str:
        """Both, in words."""
        return f"real: {self.real.told}; held out: {self.held.told}"

    @classmethod
    def from_dataset(cls, data: Dataset) -> Reference:
        """Choose the samples of a dataset that its metrics compare with.

        Raises:
            DataError: Files of the dataset are missing.
            IncompatibleError: The dataset has one example only.
        """
        other = data.held_out()
        order = _order(len(data))
        if len(order) < 2:
            raise IncompatibleError("a dataset of one example has nothing to hold out. Use a larger one.")
        if other is None:
            half = (len(order) + 1) // 2
            real = _part(data, order[:half], "half of the data, which has no test part")
            held = _part(data, order[half:], "the other half")
        else:
            real = _part(data, order, "training data")
            held = _part(other, _order(len(other)), "test data")
        return cls(real, held, cache_root() / "metrics")


def _part(data: Dataset, order: tuple[int, ...], what: str) -> Part:
    most = min(MOST, max(1, NUMBERS // data.spec.size))
    count = f"{most:,} of {len(order):,}" if len(order) > most else f"{len(order):,}"
    return Part(data, order[:most], f"{count}, {what}")


def _order(n: int) -> tuple[int, ...]:
    return tuple(torch.randperm(n, generator=torch.Generator().manual_seed(SEED)).tolist())
