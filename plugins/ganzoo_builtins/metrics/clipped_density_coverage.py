"""Clipped density and clipped coverage: shares of good samples, which outliers hardly change."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

import torch
from pydantic import PositiveInt
from torch import Tensor

from ganzoo import Evidence, Metric
from ganzoo_builtins.metrics.distances import blocks, equal_numbers, radii


def clipped_density(real: Tensor, fake: Tensor, neighbours: int) -> float:
    """Return the clipped density of generated samples relative to that of real ones, at most 1.

    The radius of a real sample is the distance to its k-th nearest other one, but at most the median of all radii. A
    sample within the radii of k real ones or more counts 1, one within fewer of them accordingly less.
    Source: arXiv:2507.01761.

    Args:
        real: Features of real samples (N, F).
        fake: Features of generated samples (M, F).
        neighbours: The paper's k.

    Returns:
        The share, in [0, 1].
    """
    radius = radii(real, neighbours)
    radius = radius.minimum(radius.quantile(0.5))  # (N,)

    def density(x: Tensor, is_real: bool) -> float:
        """Return the mean of min(1, number of real samples within whose radius a sample lies / k)."""
        total = 0.0
        for rows, distances in blocks(x, real):
            if is_real:  # a sample is not its own neighbour
                i = torch.arange(len(distances))
                distances[i, rows.start + i] = torch.inf
            total += float(((distances <= radius).sum(1) / neighbours).clamp(max=1).sum())
        return total / len(x)

    return min(1.0, density(fake, False) / density(real, True))  # of half of the real ones, k others are within reach


def clipped_coverage(real: Tensor, fake: Tensor, neighbours: int) -> float:
    """Return the share of good samples among M that would cover the real ones as well as these M do.

    A real sample with k generated ones within its radius or more counts 1, one with fewer accordingly less. Their mean
    is converted to a share by the inverse of expected_coverage(). Source: arXiv:2507.01761.

    Args:
        real: Features of real samples (N, F).
        fake: Features of generated samples (M, F).
        neighbours: The paper's k.

    Returns:
        The share, in [0, 1].
    """
    radius = radii(real, neighbours)  # (N,)
    hits = torch.zeros(len(real), dtype=torch.int64)
    for _, distances in blocks(fake, real):
        hits += (distances <= radius).sum(0)
    covered = (hits.double() / neighbours).clamp(max=1).mean()
    good = torch.searchsorted(expected_coverage(len(real), len(fake), neighbours), covered)
    return float(good) / (len(fake) + 1)


def expected_coverage(n: int, m: int, neighbours: int) -> Tensor:
    """Return the expected mean of min(1, hits / k) over n real samples, for 0 to m samples of their distribution.

    The share of the distribution within the radius of a real sample has the distribution Beta(k, n - k), whatever the
    data: the hits of j samples are beta-binomial, and only the probabilities of fewer than k are needed.

    Args:
        n: Number of real samples, more than k.
        m: Largest number of samples.
        neighbours: The paper's k.

    Returns:
        The expectations (m + 1,), which increase from 0.
    """
    counts = torch.arange(m + 1, dtype=torch.float64)
    missing = torch.zeros(m + 1, dtype=torch.float64)  # the expected mean of max(0, 1 - hits / k)
    for hits in range(neighbours):
        possible = counts >= hits
        of = counts[possible]
        ways = torch.lgamma(of + 1) - math.lgamma(hits + 1) - torch.lgamma(of - hits + 1)
        log_probability = (
            ways
            + _log_beta(torch.full_like(of, neighbours + hits), n - neighbours + of - hits)
            - _log_beta(torch.tensor(float(neighbours)).double(), torch.tensor(float(n - neighbours)).double())
        )
        missing[possible] += (1 - hits / neighbours) * log_probability.exp()
    return 1 - missing


def _log_beta(a: Tensor, b: Tensor) -> Tensor:
    return torch.lgamma(a) + torch.lgamma(b) - torch.lgamma(a + b)


class ClippedDensityCoverage(Metric):
    """Clipped density and clipped coverage (arXiv:2507.01761): density and coverage as shares of good samples.

    A clipped density of 0.7 is that of 70 % good samples among ones that lie far from the data, and a clipped coverage
    of 0.7 that of 70 % as many samples of the data's own distribution. Neither exceeds 1, and outliers, whose
    neighbourhoods are large, count no more than other samples.

    Args:
        neighbours: Number of nearest neighbours that sets the size of a neighbourhood, the paper's k.
        most: Largest number of samples of each kind; real and generated samples are equally many.
    """

    better: ClassVar = {"clipped_coverage": "higher", "clipped_density": "higher"}

    def __init__(self, neighbours: PositiveInt = 5, most: PositiveInt = 10_000):
        self.neighbours = neighbours
        self.most = most

    def __call__(self, evidence: Evidence) -> Mapping[str, float]:
        real, fake = equal_numbers("clipped_density_coverage", evidence, self.most, self.neighbours)
        return {
            "clipped_coverage": clipped_coverage(real, fake, self.neighbours),
            "clipped_density": clipped_density(real, fake, self.neighbours),
        }
