"""Fréchet distance between real and generated features, over all samples and within classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor

from ganzoo import Evidence, IncompatibleError, Metric

BLOCK = 10_000  # samples converted to float64 at a time
Moments = tuple[Tensor, Tensor]
"""Mean (F,) and covariance (F, F)."""


def frechet_distance(x: Tensor, y: Tensor) -> float:
    """Return ||m1 - m2||^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)), where m and S are means and covariances.

    Source: Heusel et al. 2017 (arXiv:1706.08500), equation 6. With S1 = A A' and S2 = B B', the trace of the root is
    the sum of the singular values of A'B. That also holds for singular covariances, such as those of no more samples
    than features, and is more accurate than roots of eigenvalues with rounding errors.

    Args:
        x: Features (N, F).
        y: Features (M, F).

    Returns:
        The squared distance, 0 or more.
    """
    return distance_of_moments(moments(x), moments(y))


def distance_of_moments(one: Moments, other: Moments) -> float:
    """Return the Fréchet distance of two Gaussians, given by their moments(): see frechet_distance()."""
    (mean, cov), (other_mean, other_cov) = one, other
    root_trace = torch.linalg.svdvals(_factor(cov).T @ _factor(other_cov)).sum()
    distance = (mean - other_mean).square().sum() + cov.trace() + other_cov.trace() - 2 * root_trace
    return max(0.0, float(distance))


def moments(features: Tensor) -> Moments:
    """Return the mean (F,) and unbiased covariance (F, F) of features (N, F), N > 1, in float64.

    Features are converted in blocks, so that there is no float64 copy of all of them.
    """
    mean = features.mean(0, dtype=torch.float64)
    scatter = torch.zeros(len(mean), len(mean), dtype=torch.float64)
    for block in features.split(BLOCK):
        deviation = block.double() - mean
        scatter.addmm_(deviation.T, deviation)  # (F, N), (N, F) -> (F, F)
    return mean, scatter / (len(features) - 1)


def _factor(cov: Tensor) -> Tensor:
    """Return A (F, rank) with A A' = S, for a covariance S (F, F)."""
    values, vectors = torch.linalg.eigh(cov)
    positive = values > values[-1] * len(cov) * torch.finfo(cov.dtype).eps  # the rest is zero except for rounding
    return vectors[:, positive] * values[positive].sqrt()


class FrechetDistance(Metric):
    """Fréchet distance between Gaussians fitted to real and generated features (arXiv:1706.08500, equation 6).

    With the extractor `inception` it is the FID. It is biased: fewer samples give larger distances, so compare equal
    numbers only. With fewer samples than features it says little; take several times as many.
    """

    better: ClassVar = {"frechet_distance": "lower"}

    def __call__(self, evidence: Evidence) -> Mapping[str, float]:
        if min(len(evidence.real), len(evidence.fake)) < 2:
            raise IncompatibleError("metric frechet_distance needs two samples at least: raise the number of samples.")
        return {"frechet_distance": frechet_distance(evidence.real.features, evidence.fake.features)}


class ClassFrechetDistance(Metric):
    """Mean over classes of the Fréchet distance between real samples of a class and samples generated for it.

    With the extractor `inception` it is the intra-FID of Miyato and Koyama 2018 (arXiv:1802.05637). A collapsed class
    shows here and not in frechet_distance. The bias is larger than there, since each class has only its share of the
    samples. Classes with fewer than two real or two generated samples are left out.
    """

    better: ClassVar = {"class_frechet_distance": "lower"}
    asked = True
    by_default = False

    def __call__(self, evidence: Evidence) -> Mapping[str, float]:
        real, fake = evidence.real, evidence.fake
        assert fake.y is not None
        pairs = [(real.of_class(y), fake.of_class(y)) for y in fake.y.unique().tolist()]
        distances = [frechet_distance(a.features, b.features) for a, b in pairs if min(len(a), len(b)) > 1]
        if not distances:
            raise IncompatibleError(
                "metric class_frechet_distance needs two samples of a class at least: raise the number of samples."
            )
        return {"class_frechet_distance": sum(distances) / len(distances)}
