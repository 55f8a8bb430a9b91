"""Stacked MNIST: 1,000 modes that a digit classifier can count."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor

from ganzoo import Batch, Dataset, Source, Spec
from ganzoo_builtins.datasets.digits import Digits
from ganzoo_builtins.datasets.mnist import MNIST

IN_MEMORY = 2**30  # bytes; the images of a larger set are stacked as they are read
SAMPLES = 26_000  # maximum size of the test split: modes are counted in as many samples


class StackedMNIST(Dataset):
    """Colour images whose red, green and blue channels are three independent digits: 1,000 modes, no labels.

    The defaults are those of PacGAN (arXiv:1712.04086). Metz et al. (1611.02163) count modes in 26,000 samples. The
    test split has digits from MNIST's test split; `digits` has none, so other triples of the same digits are used.

    Args:
        n: Number of images.
        of: "mnist", or "digits" for the 8x8 digits of scikit-learn, which need no download.
        size: Side of the square that digits are resized to; by default 28, or 8 for "digits".
        seed: Seed of the triples.
    """

    def __init__(
        self,
        n: Annotated[int, Field(gt=0, le=10**8)] = 128_000,
        of: Literal["mnist", "digits"] = "mnist",
        size: Annotated[int, Field(gt=0, le=256)] | None = None,
        seed: int = 0,
    ):
        self.n = n
        self.of = of
        self.size = size
        self.seed = seed
        self.inner: Dataset = MNIST(size=size) if of == "mnist" else Digits(size)
        self.spec = Spec((3, *self.inner.spec.shape[1:]))

    def sources(self) -> list[Source]:
        return [*self.inner.sources()]

    def held_out(self) -> Dataset:
        """Return a quarter as many images, at most 26,000, from another seed."""
        other = StackedMNIST(max(1, min(SAMPLES, self.n // 4)), self.of, self.size, self.seed + 1)
        if (inner := self.inner.held_out()) is not None:
            other.inner = inner
        return other

    @cached_property
    def _triples(self) -> Tensor:
        """Indices of the red, green and blue digits, (n, 3)."""
        generator = torch.Generator().manual_seed(self.seed)
        return torch.randint(len(self.inner), (self.n, 3), generator=generator)

    @cached_property
    def _stacked(self) -> Tensor:
        return self._digits[self._triples].squeeze(2)  # (n, 3, 1, H, W) -> (n, 3, H, W)

    @property
    def _digits(self) -> Tensor:
        whole = self.inner.tensors()
        assert whole is not None, "digits fit in memory"
        return whole["x"]

    def tensors(self) -> Batch | None:
        return {"x": self._stacked} if self.n * self.spec.size <= IN_MEMORY else None

    def __len__(self) -> int:
        len(self.inner)  # raises DataError for missing files
        return self.n

    def __getitem__(self, i: int) -> Batch:
        return {"x": self._digits[self._triples[i]].squeeze(1)}  # (3, 1, H, W) -> (3, H, W)
