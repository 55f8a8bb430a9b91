"""The Fréchet distance for infinitely many generated samples, by extrapolation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar, NamedTuple

import torch
from pydantic import Field
from torch import Tensor

from ganzoo import Evidence, IncompatibleError, Metric
from ganzoo_builtins.metrics.frechet import distance_of_moments, moments

SEED = 0  # of the subsets
LEAST = 0.1  # of the samples are in the smallest subset
FEWEST = 20  # samples, of which two are in the smallest subset


class Line(NamedTuple):
    """A straight line.

    Attributes:
        intercept: Value at 0.
        slope: Increase per unit.
    """

    intercept: float
    slope: float


def extrapolate(numbers: Sequence[int], values: Sequence[float]) -> Line:
    """Fit values of numbers of samples by least squares, as a straight line over 1 / number.

    Args:
        numbers: Numbers of samples, two different ones at least.
        values: A value for each.

    Returns:
        The line, whose intercept is the value for infinitely many samples.
    """
    inverse = 1 / torch.tensor(numbers, dtype=torch.float64)
    value = torch.tensor(values, dtype=torch.float64)
    deviation = inverse - inverse.mean()
    slope = float((deviation * value).sum() / deviation.square().sum())
    return Line(float(value.mean()) - slope * float(inverse.mean()), slope)


def frechet_infinity(real: Tensor, fake: Tensor, points: int) -> Line:
    """Return the line of the Fréchet distance over 1 / N, for N generated samples and all real ones.

    Source: Chong and Forsyth 2020 (arXiv:1911.07023), with subsets of the same samples.

    Args:
        real: Features of real samples (M, F).
        fake: Features of generated samples (N, F).
        points: Number of subsets, whose sizes are evenly spaced from a tenth of the samples to all.

    Returns:
        The line; its intercept may be slightly negative.
    """
    n = len(fake)
    numbers = [round(n * (LEAST + (1 - LEAST) * i / (points - 1))) for i in range(points)]
    generator = torch.Generator().manual_seed(SEED)
    real_moments = moments(real)
    distances = []
    for number in numbers:
        subset = fake[torch.randperm(n, generator=generator)[:number]]
        distances.append(distance_of_moments(real_moments, moments(subset)))
    return extrapolate(numbers, distances)


class FrechetInfinity(Metric):
    """The Fréchet distance extrapolated to infinitely many generated samples; FID-infinity with Inception's features.

    Fewer samples give larger Fréchet distances, nearly in proportion to 1 / N. A line through the distances of
    `points` subsets of the generated samples removes this bias of their number (arXiv:1911.07023); that of the number
    of real samples stays. Take five times as many samples as there are features at least; with fewer, the line is no
    longer straight.

    Args:
        points: Number of subsets.
    """

    better: ClassVar = {"frechet_infinity": "lower"}
    by_default = False

    def __init__(self, points: Annotated[int, Field(ge=2, le=100)] = 15):
        self.points = points

    def __call__(self, evidence: Evidence) -> Mapping[str, float]:
        if len(evidence.fake) < FEWEST or len(evidence.real) < 2:
            raise IncompatibleError(
                f"metric frechet_infinity needs {FEWEST} samples at least: raise the number of samples."
            )
        line = frechet_infinity(evidence.real.features, evidence.fake.features, self.points)
        return {"frechet_infinity": line.intercept}
