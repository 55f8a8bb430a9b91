"""Wasserstein distances: of numbers, exactly, and of points, over random directions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from ganzoo import Dataset, Evidence, IncompatibleError, Metric, Spec

SEED = 0  # of the directions


def wasserstein(x: Tensor, y: Tensor) -> float:
    """Return the Wasserstein-1 distance of numbers (N,) and (M,), exactly.

    It is the area between the distribution functions: the mean distance by which one distribution's mass must be moved
    to become the other.
    """
    x, y = x.double().sort().values, y.double().sort().values
    points = torch.cat([x, y]).sort().values  # (N + M,)
    x_below = torch.searchsorted(x, points[:-1], right=True).double() / len(x)  # (N + M - 1,)
    y_below = torch.searchsorted(y, points[:-1], right=True).double() / len(y)
    return float(((x_below - y_below).abs() * points.diff()).sum())


class Wasserstein(Metric):
    """Wasserstein-1 distance of samples that are one number each, in their own unit.

    With equally many real and generated samples it is the mean |x - y| of the sorted samples.
    """

    better: ClassVar = {"wasserstein_1d": "lower"}
    sees = "samples"

    def check(self, spec: Spec, data: Dataset, conditional: bool) -> None:
        if spec.size != 1 or spec.vocab:
            raise IncompatibleError(
                "metric wasserstein_1d compares samples that are one number. sliced_wasserstein compares points of "
                "more dimensions, frechet_distance and kernel_distance samples that have features."
            )

    def __call__(self, evidence: Evidence) -> Mapping[str, float]:
        return {"wasserstein_1d": wasserstein(evidence.real.x.flatten(), evidence.fake.x.flatten())}


class SlicedWasserstein(Metric):
    """Mean Wasserstein-1 distance of points projected on random directions, the same ones every time.

    Its cost is low in any number of dimensions. Source: Rabin et al. 2011 (doi:10.1007/978-3-642-24785-9_37).

    Args:
        projections: Number of directions, 100,000 at most.
    """

    better: ClassVar = {"sliced_wasserstein": "lower"}
    sees = "samples"

    def __init__(self, projections: Annotated[int, Field(ge=1, le=100_000)] = 100):
        self.projections = projections

    def check(self, spec: Spec, data: Dataset, conditional: bool) -> None:
        if len(spec.shape) != 1 or spec.size == 1 or spec.vocab:
            raise IncompatibleError(
                "metric sliced_wasserstein compares points of two or more dimensions. wasserstein_1d compares "
                "numbers, frechet_distance and kernel_distance samples that have features."
            )

    def __call__(self, evidence: Evidence) -> Mapping[str, float]:
        real, fake = evidence.real.x.double(), evidence.fake.x.double()  # (N, F), (M, F)
        generator = torch.Generator().manual_seed(SEED)
        directions = torch.randn(self.projections, real.shape[1], generator=generator, dtype=torch.float64)
        directions /= directions.norm(dim=1, keepdim=True)  # (projections, F)
        distances = [wasserstein(real @ direction, fake @ direction) for direction in directions]
        return {"sliced_wasserstein": sum(distances) / len(distances)}
