"""Density and coverage: variants of precision and recall that are robust to outliers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from pydantic import PositiveInt
from torch import Tensor

from ganzoo import Evidence, Metric
from ganzoo_builtins.metrics.distances import blocks, equal_numbers, radii


def density_coverage(real: Tensor, fake: Tensor, neighbours: int) -> tuple[float, float]:
    """Return density and coverage.

    The neighbourhood of a real sample is an open ball whose radius is the distance to its k-th nearest real neighbour,
    as in the authors' code. Source: Naeem et al. 2020 (arXiv:2002.09797).

    Args:
        real: Features of real samples (N, F).
        fake: Features of generated samples (M, F).
        neighbours: The paper's k.

    Returns:
        The mean number of neighbourhoods that contain a generated sample, divided by k; and the share of neighbourhoods
        that contain any.
    """
    radius = radii(real, neighbours)  # (N,)
    hits, covered = 0, torch.zeros(len(real), dtype=torch.bool)
    for _, distances in blocks(fake, real):
        within = distances < radius  # (rows, N)
        hits += int(within.sum())
        covered |= within.any(0)
    return hits / (neighbours * len(fake)), float(covered.double().mean())


class DensityCoverage(Metric):
    """Density and coverage of neighbourhoods of real samples (arXiv:2002.09797).

    Coverage is the share of real samples with a generated one in their neighbourhood. Density is the mean number of
    real neighbourhoods that a generated sample lies in, relative to the expected number; it may exceed 1 when samples
    concentrate where the data is densest.

    Args:
        neighbours: Number of nearest neighbours that sets the size of a neighbourhood, the paper's k.
        most: Largest number of samples of each kind; real and generated samples are equally many.
    """

    better: ClassVar = {"coverage": "higher", "density": "nearer"}

    def __init__(self, neighbours: PositiveInt = 5, most: PositiveInt = 10_000):
        self.neighbours = neighbours
        self.most = most

    def __call__(self, evidence: Evidence) -> Mapping[str, float]:
        real, fake = equal_numbers("density_coverage", evidence, self.most, self.neighbours)
        density, coverage = density_coverage(real, fake, self.neighbours)
        return {"coverage": coverage, "density": density}
