"""Real and held-out samples that metrics compare with, in a fixed random order."""

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

SEED = 0  # of the order, and of random transforms; a constant, so that it is part of every protocol
MOST = 50_000  # samples at most, as in most publications
NUMBERS = 2**28  # in all samples at most: 1 GiB


@dataclass(frozen=True)
class Part:
    """A part of a dataset, in random order. Random transforms of examples are always the same here.

    Args:
        dataset: The dataset.
        indices: Indices of the examples.
        told: The part in words, for protocols.
    """

    dataset: Dataset
    indices: tuple[int, ...]
    told: str

    def __len__(self) -> int:
        return len(self.indices)

    @cached_property
    def batch(self) -> Batch:
        """Return all examples, with images in [-1, 1]."""
        with rng.seeded(SEED):
            return subset.take(self.dataset, list(self.indices))

    @property
    def samples(self) -> Tensor:
        """Return the samples (N, *shape); of pairs, the targets."""
        return self.batch["x" if "x" in self.batch else "b"]

    @cached_property
    def fingerprint(self) -> str:
        """Return the SHA-256 of the content, independent of names."""
        with rng.seeded(SEED):
            digest = hashlib.sha256(self.dataset.fingerprint().encode())
        digest.update(repr(self.indices).encode())
        return digest.hexdigest()

    @cached_property
    def digest(self) -> str:
        """Return the SHA-256 of all examples as they were read, to cache what is computed from them.

        Unlike fingerprint, it tells that an image of a streamed dataset is decoded to other pixels than before.
        """
        digest = hashlib.sha256()
        for key, value in sorted(self.batch.items()):
            digest.update(repr((key, value.dtype, tuple(value.shape))).encode())
            digest.update(value.cpu().contiguous().flatten().view(torch.uint8).numpy().data)
        return digest.hexdigest()


@dataclass(frozen=True)
class Reference:
    """The real samples of an evaluation.

    Without a test split, `real` is one half of the dataset and `held` the other: a referee trained on `real` has not
    seen `held` then, but the GAN has seen both.

    Args:
        real: Training examples.
        held: Held-out examples.
        cache: Folder for results that are worth keeping between evaluations.
    """

    real: Part
    held: Part
    cache: Path

    @property
    def told(self) -> str:
        """Return a description of both parts."""
        return f"real: {self.real.told}; held out: {self.held.told}"

    @classmethod
    def from_dataset(cls, data: Dataset) -> Reference:
        """Select the samples of a dataset that its metrics compare with.

        Args:
            data: The training data.

        Returns:
            The samples, which are read on first access.

        Raises:
            DataError: Files of the dataset are missing.
            IncompatibleError: The dataset has one example only.
        """
        test = data.held_out()
        order = random_order(len(data))
        if len(order) < 2:
            raise IncompatibleError("a dataset of one example has nothing to hold out. Use a larger one.")
        if test is None:
            half = (len(order) + 1) // 2
            real = _part(data, order[:half], "half of the data, which has no test part")
            held = _part(data, order[half:], "the other half")
        else:
            real = _part(data, order, "training data")
            held = _part(test, random_order(len(test)), "test data")
        return cls(real, held, cache_root() / "metrics")


def _part(data: Dataset, order: tuple[int, ...], description: str) -> Part:
    most = min(MOST, max(1, NUMBERS // data.spec.size))
    count = f"{most:,} of {len(order):,}" if len(order) > most else f"{len(order):,}"
    return Part(data, order[:most], f"{count}, {description}")


def random_order(n: int) -> tuple[int, ...]:
    """Return the indices 0 to n - 1 in a random order, the same every time."""
    return tuple(torch.randperm(n, generator=torch.Generator().manual_seed(SEED)).tolist())
