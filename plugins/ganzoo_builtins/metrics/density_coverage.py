"""Density and coverage: precision and recall that a few outliers do not deceive."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from pydantic import PositiveInt
from torch import Tensor

from ganzoo import Evidence, Metric
from ganzoo_builtins.metrics.distances import blocks, radii
from ganzoo_builtins.metrics.equal_numbers import equal_numbers


def density_coverage(real: Tensor, fake: Tensor, neighbours: int) -> tuple[float, float]:
    """Features (N, F), (M, F) -> in how many real samples' reach a fake lies, divided by `neighbours`; and the share of
    real samples with a fake within reach.

    A real sample reaches as far as its so many-th nearest real neighbour, that point excluded, as in
    the authors' code. Source: Naeem et al. 2020 (arXiv:2002.09797).
    """
    reach = radii(real, neighbours)
    hits, covered = 0, torch.zeros(len(real), dtype=torch.bool)
    for _, distances in blocks(fake, real):
        within = distances < reach  # (rows, N)
        hits += int(within.sum())
        covered |= within.any(0)
    return hits / (neighbours * len(fake)), float(covered.double().mean())


class DensityCoverage(Metric):
    """Coverage: the share of real samples that have a generated one in their neighbourhood. Density: how many real
    neighbourhoods a generated sample lies in, relative to how many are expected; it may exceed 1, where samples keep
    to the densest places (arXiv:2002.09797; `neighbours` is its k).

    As many real samples as generated ones, `most` of each.
    """

    better: ClassVar = {"coverage": "higher", "density": "nearer"}

    def __init__(self, neighbours: PositiveInt = 5, most: PositiveInt = 10_000):
        self.neighbours = neighbours
        self.most = most

    def __call__(self, evidence: Evidence) -> Mapping[str, float]:
        real, fake = equal_numbers("density_coverage", evidence, self.most, self.neighbours)
        density, coverage = density_coverage(real, fake, self.neighbours)
        return {"coverage": coverage, "density": density}
