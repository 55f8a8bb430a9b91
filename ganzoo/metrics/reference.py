"""Real samples to compare with: those that are trained on, and those that are held out, each in an order drawn once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch

from ganzoo import preview
from ganzoo.interfaces import Batch, Dataset
from ganzoo.sources import cache_root

SEED = 0  # of the order; part of a score's protocol by being a constant
MOST = 50_000  # real samples that are compared with: what figures of the field are computed from


@dataclass(frozen=True)
class Part:
    """Some examples of a dataset, in a random order: `indices` says which, `told` says it in words."""

    dataset: Dataset
    indices: tuple[int, ...]
    told: str

    def __len__(self) -> int:
        return len(self.indices)

    @cached_property
    def batch(self) -> Batch:
        """All of them, images in [-1, 1]."""
        return preview.chosen(self.dataset, list(self.indices))

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the content: never of a name."""
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
        return f"real: {self.real.told}; held out: {self.held.told}"


def reference(data: Dataset) -> Reference:
    """Errors: DataError when files are missing."""
    other = data.held_out()
    order = _order(len(data))
    if other is None:
        half = (len(order) + 1) // 2
        real = Part(data, order[:half][:MOST], _told("half of the data, which has no test part", half))
        held = Part(data, order[half:][:MOST], _told("the other half", len(order) - half))
    else:
        real = Part(data, order[:MOST], _told("training data", len(order)))
        held = Part(other, _order(len(other))[:MOST], _told("test data", len(other)))
    return Reference(real, held, cache_root() / "metrics")


def _order(n: int) -> tuple[int, ...]:
    return tuple(torch.randperm(n, generator=torch.Generator().manual_seed(SEED)).tolist())


def _told(part: str, n: int) -> str:
    return f"{min(n, MOST):,} of {n:,}, {part}" if n > MOST else f"{n:,}, {part}"
