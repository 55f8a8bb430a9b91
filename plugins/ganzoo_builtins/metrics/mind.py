"""MIND, the Monge Inception distance: how far features have to be moved, over random directions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from ganzoo import Evidence, IncompatibleError, Metric

SEED = 0  # of the directions
SCALE = 3  # times the number of features: MIND's factor
BLOCK = 2_000  # samples converted to float64 at a time


def monge_distance(x: Tensor, y: Tensor, projections: int) -> float:
    """Return 3 F times the mean squared distance of sorted projections: the squared sliced Wasserstein-2 distance.

    Source: arXiv:2605.06797. The directions are uniform on the sphere, the same ones every time. A shift by s scores
    3 |s|^2 in expectation.

    Args:
        x: Features (N, F).
        y: Features (N, F), equally many.
        projections: Number of directions.

    Returns:
        The distance, 0 for equal sets.
    """
    width = x.shape[1]
    generator = torch.Generator().manual_seed(SEED)
    directions = torch.randn(projections, width, generator=generator, dtype=torch.float64)
    directions /= directions.norm(dim=1, keepdim=True)  # (projections, F)
    difference = _sorted_projections(x, directions) - _sorted_projections(y, directions)  # (N, projections)
    return SCALE * width * float(difference.square().mean())


def _sorted_projections(features: Tensor, directions: Tensor) -> Tensor:
    """Return the projections of features (N, F) on each direction (projections, F), sorted: (N, projections)."""
    parts = [part.double() @ directions.T for part in features.split(BLOCK)]
    return torch.cat(parts).sort(0).values


class MongeInceptionDistance(Metric):
    """Monge Inception distance: 3 F times the squared sliced Wasserstein-2 distance of F features (arXiv:2605.06797).

    It compares whole distributions, not only their means and covariances. Like frechet_distance it is biased: fewer
    samples give larger distances. Equally many real and generated samples are compared.

    Args:
        projections: Number of directions, 100,000 at most.
        most: Largest number of samples of each kind.
    """

    better: ClassVar = {"mind": "lower"}

    def __init__(
        self, projections: Annotated[int, Field(ge=1, le=100_000)] = 1_000, most: Annotated[int, Field(ge=2)] = 5_000
    ):
        self.projections = projections
        self.most = most

    def __call__(self, evidence: Evidence) -> Mapping[str, float]:
        n = min(self.most, len(evidence.real), len(evidence.fake))
        if n < 2:
            raise IncompatibleError("metric mind needs two samples at least: raise the number of samples.")
        real, fake = evidence.real.first(n).features, evidence.fake.first(n).features
        return {"mind": monge_distance(real, fake, self.projections)}
