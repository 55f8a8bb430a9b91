"""The Frechet distance between real and generated features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor

from ganzoo import Evidence, Metric, Misfit


def frechet_distance(one: Tensor, other: Tensor) -> float:
    """Features (N, width), (M, width) -> ||m1 - m2||^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)), of their means and covariances.

    Source: Heusel et al. 2017 (arXiv:1706.08500), equation 6. The eigenvalues of S1 S2 are those of the symmetric
    S1^(1/2) S2 S1^(1/2), which are real.
    """
    one, other = one.double(), other.double()
    first, second = one.T.cov(), other.T.cov()  # (width, width)
    first, second = first.reshape(one.shape[1], -1), second.reshape(one.shape[1], -1)  # a single feature has a scalar
    values, vectors = torch.linalg.eigh(first)
    root = vectors * values.clamp(min=0).sqrt() @ vectors.T
    shared = torch.linalg.eigvalsh(root @ second @ root).clamp(min=0).sqrt().sum()
    moved = (one.mean(0) - other.mean(0)).square().sum()
    return float(moved + first.trace() + second.trace() - 2 * shared)


class FrechetDistance(Metric):
    """Distance of two Gaussians, one fitted to real features and one to generated ones; FID where the extractor is
    Inception (arXiv:1706.08500, equation 6).

    Biased: fewer samples give larger distances, so compare equal numbers only.
    """

    better: ClassVar = {"frechet_distance": "lower"}

    def __call__(self, evidence: Evidence) -> Mapping[str, float]:
        if len(evidence.fake) < 2:
            raise Misfit("a Frechet distance needs two samples at least: raise the number of samples.")
        return {"frechet_distance": frechet_distance(evidence.real.features, evidence.fake.features)}
