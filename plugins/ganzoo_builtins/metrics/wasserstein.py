"""The Wasserstein distance on a line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor

from ganzoo import Dataset, Evidence, IncompatibleError, Metric, Spec


def wasserstein(one: Tensor, other: Tensor) -> float:
    """Numbers (N,), (M,) -> how far one set's mass must be carried on average to become the other: the area between
    their distribution functions, exactly.
    """
    one, other = one.double().sort().values, other.double().sort().values
    every = torch.cat([one, other]).sort().values  # (N + M,)
    below = torch.searchsorted(one, every[:-1], right=True).double() / len(one)  # (N + M - 1,)
    other_below = torch.searchsorted(other, every[:-1], right=True).double() / len(other)
    return float(((below - other_below).abs() * every.diff()).sum())


class Wasserstein(Metric):
    """The Wasserstein-1 distance of numbers, in their own unit: mean |x - y| of the sorted ones where both sides have
    equally many.
    """

    better: ClassVar = {"wasserstein_1d": "lower"}
    sees = "samples"

    def check(self, spec: Spec, data: Dataset, conditional: bool) -> None:
        if spec.size != 1 or spec.vocab:
            raise IncompatibleError(
                "metric wasserstein_1d compares samples that are one number. sliced_wasserstein compares points of "
                "more dimensions, frechet_distance and kernel_distance what has features."
            )

    def __call__(self, evidence: Evidence) -> Mapping[str, float]:
        return {"wasserstein_1d": wasserstein(evidence.real.x.flatten(), evidence.fake.x.flatten())}
