"""The Frechet distance between real and generated features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor

from ganzoo import Evidence, IncompatibleError, Metric

BLOCK = 10_000  # samples at a time in float64


def frechet_distance(one: Tensor, other: Tensor) -> float:
    """Features (N, F), (M, F) -> ||m1 - m2||^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)), of their means and covariances.

    Source: Heusel et al. 2017 (arXiv:1706.08500), equation 6. With S1 = A A' and S2 = B B', the trace of the root is
    the sum of the singular values of A'B. That holds for singular covariances too, which those of no more samples than
    features are, and loses no digits to roots of rounding errors.
    """
    (mean, cov), (other_mean, other_cov) = moments(one), moments(other)
    shared = torch.linalg.svdvals(_factor(cov).T @ _factor(other_cov)).sum()
    distance = (mean - other_mean).square().sum() + cov.trace() + other_cov.trace() - 2 * shared
    return max(0.0, float(distance))


def moments(features: Tensor) -> tuple[Tensor, Tensor]:
    """(N, F) -> mean (F,) and unbiased covariance (F, F), in float64 without a copy of everything; N > 1."""
    mean = features.mean(0, dtype=torch.float64)
    scatter = torch.zeros(len(mean), len(mean), dtype=torch.float64)
    for some in features.split(BLOCK):
        apart = some.double() - mean
        scatter.addmm_(apart.T, apart)  # (F, N), (N, F) -> (F, F)
    return mean, scatter / (len(features) - 1)


def _factor(cov: Tensor) -> Tensor:
    """S (F, F) -> A (F, rank) with A A' = S."""
    values, vectors = torch.linalg.eigh(cov)
    some = values > values[-1] * len(cov) * torch.finfo(cov.dtype).eps  # the rest is zero, but for rounding
    return vectors[:, some] * values[some].sqrt()


class FrechetDistance(Metric):
    """Distance of two Gaussians, one fitted to real features and one to generated ones; FID where the extractor is
    Inception (arXiv:1706.08500, equation 6).

    Biased: fewer samples give larger distances, so compare equal numbers only. With fewer samples than features the
    distance is defined and tells little: take several times as many.
    """

    better: ClassVar = {"frechet_distance": "lower"}

    def __call__(self, evidence: Evidence) -> Mapping[str, float]:
        if min(len(evidence.real), len(evidence.fake)) < 2:
            raise IncompatibleError("metric frechet_distance needs two samples at least: raise the number of samples.")
        return {"frechet_distance": frechet_distance(evidence.real.features, evidence.fake.features)}
