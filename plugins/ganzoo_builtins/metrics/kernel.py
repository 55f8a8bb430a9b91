"""Kernel distance between real and generated features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from pydantic import PositiveInt
from torch import Tensor

from ganzoo import Evidence, IncompatibleError, Metric

SEED = 0  # of the subsets


def squared_mmd(x: Tensor, y: Tensor, degree: int) -> float:
    """Return the unbiased estimate of MMD^2 under the kernel (x'y / F + 1)^degree.

    Source: Binkowski et al. 2018 (arXiv:1801.01401).

    Args:
        x: Features (N, F), N > 1.
        y: Features (M, F), M > 1.
        degree: Degree of the kernel.

    Returns:
        The estimate, which may be negative.
    """
    x, y = x.double(), y.double()

    def kernel(a: Tensor, b: Tensor) -> Tensor:
        return (a @ b.T / x.shape[1] + 1) ** degree

    def within(a: Tensor) -> Tensor:
        """Return the mean of the kernel over pairs of different samples."""
        values = kernel(a, a)
        return (values.sum() - values.trace()) / (len(a) * (len(a) - 1))

    return float(within(x) + within(y) - 2 * kernel(x, y).mean())


class KernelDistance(Metric):
    """Squared maximum mean discrepancy under a polynomial kernel, averaged over subsets (arXiv:1801.01401).

    With the extractor `inception` it is the KID. It is unbiased: its expected value does not depend on the number of
    samples, and it is negative about half of the time when real and generated distributions are equal. The subsets are
    the same every time.

    Args:
        subsets: Number of subsets; one is enough when no more than `size` samples of each kind are there.
        size: Number of real and of generated samples in a subset.
        degree: Degree of the kernel.
    """

    better: ClassVar = {"kernel_distance": "lower"}

    def __init__(self, subsets: PositiveInt = 100, size: PositiveInt = 1_000, degree: PositiveInt = 3):
        self.subsets = subsets
        self.size = size
        self.degree = degree

    def __call__(self, evidence: Evidence) -> Mapping[str, float]:
        real, fake = evidence.real.features, evidence.fake.features
        if min(len(real), len(fake), self.size) < 2:
            raise IncompatibleError(
                "metric kernel_distance needs two samples at least: raise the number of samples, or `size`."
            )
        generator = torch.Generator().manual_seed(SEED)

        def subset(features: Tensor) -> Tensor:
            if len(features) <= self.size:
                return features
            return features[torch.randperm(len(features), generator=generator)[: self.size]]

        subsets = 1 if max(len(real), len(fake)) <= self.size else self.subsets
        values = [squared_mmd(subset(real), subset(fake), self.degree) for _ in range(subsets)]
        return {"kernel_distance": sum(values) / subsets}
