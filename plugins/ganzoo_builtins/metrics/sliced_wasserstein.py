"""The Wasserstein distance in many directions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from pydantic import PositiveInt

from ganzoo import Dataset, Evidence, IncompatibleError, Metric, Spec
from ganzoo_builtins.metrics.wasserstein import wasserstein

SEED = 0  # of the directions


class SlicedWasserstein(Metric):
    """The mean Wasserstein-1 distance of points seen from so many random directions, the same ones every time: cheap
    in any number of dimensions. After Rabin et al. 2011 (doi:10.1007/978-3-642-24785-9_37).
    """

    better: ClassVar = {"sliced_wasserstein": "lower"}
    sees = "samples"

    def __init__(self, projections: PositiveInt = 100):
        self.projections = projections

    def check(self, spec: Spec, data: Dataset, conditional: bool) -> None:
        if len(spec.shape) != 1 or spec.size == 1 or spec.vocab:
            raise IncompatibleError(
                "metric sliced_wasserstein compares points of two or more dimensions. wasserstein_1d compares "
                "numbers, frechet_distance and kernel_distance what has features."
            )

    def __call__(self, evidence: Evidence) -> Mapping[str, float]:
        real, fake = evidence.real.x.double(), evidence.fake.x.double()  # (N, F), (M, F)
        generator = torch.Generator().manual_seed(SEED)
        directions = torch.randn(self.projections, real.shape[1], generator=generator, dtype=torch.float64)
        directions /= directions.norm(dim=1, keepdim=True)  # (projections, F)
        distances = [wasserstein(real @ direction, fake @ direction) for direction in directions]
        return {"sliced_wasserstein": sum(distances) / len(distances)}
