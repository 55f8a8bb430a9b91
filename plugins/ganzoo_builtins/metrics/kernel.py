"""The kernel distance between real and generated features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from pydantic import PositiveInt
from torch import Tensor

from ganzoo import Evidence, IncompatibleError, Metric

SEED = 0  # of the subsets


def squared_mmd(x: Tensor, y: Tensor, degree: int) -> float:
    """Features (N, F), (M, F) -> the unbiased estimate of MMD^2 under the kernel (x'y / F + 1)^degree.

    Source: Binkowski et al. 2018 (arXiv:1801.01401). N, M > 1.
    """
    x, y = x.double(), y.double()

    def kernel(a: Tensor, b: Tensor) -> Tensor:
        return (a @ b.T / x.shape[1] + 1) ** degree

    def among(a: Tensor) -> Tensor:
        """The mean over pairs of different ones."""
        similar = kernel(a, a)
        return (similar.sum() - similar.trace()) / (len(a) * (len(a) - 1))

    return float(among(x) + among(y) - 2 * kernel(x, y).mean())


class KernelDistance(Metric):
    """Squared maximum mean discrepancy under a polynomial kernel, the mean over `subsets` of `size` samples of either
    side; KID where the extractor is Inception (arXiv:1801.01401).

    Unbiased: its mean does not depend on the number of samples, and it is negative about as often as not when both
    sides have one distribution. A side that has no more than `size` samples is used whole; one subset will do when
    both are. The subsets are the same every time.
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

        def some(features: Tensor) -> Tensor:
            if len(features) <= self.size:
                return features
            return features[torch.randperm(len(features), generator=generator)[: self.size]]

        subsets = 1 if max(len(real), len(fake)) <= self.size else self.subsets
        values = [squared_mmd(some(real), some(fake), self.degree) for _ in range(subsets)]
        return {"kernel_distance": sum(values) / subsets}
