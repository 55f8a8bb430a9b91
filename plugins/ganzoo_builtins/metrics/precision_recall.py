"""Precision and recall: the share of generated samples that look real, and of real ones that could be generated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from pydantic import PositiveInt
from torch import Tensor

from ganzoo import Evidence, Metric
from ganzoo_builtins.metrics.distances import blocks, equal_numbers, radii


def precision_recall(real: Tensor, fake: Tensor, neighbours: int) -> tuple[float, float]:
    """Return precision and recall.

    The neighbourhood of a sample is a ball whose radius is the distance to its k-th nearest neighbour of the same kind.
    Source: Kynkaanniemi et al. 2019 (arXiv:1904.06991), equations 1 and 2.

    Args:
        real: Features of real samples (N, F).
        fake: Features of generated samples (M, F).
        neighbours: The paper's k.

    Returns:
        The share of generated samples in the neighbourhood of a real one, and the reverse.
    """
    real_radius, fake_radius = radii(real, neighbours), radii(fake, neighbours)  # (N,), (M,)
    precise, recalled = [], torch.zeros(len(real), dtype=torch.bool)
    for rows, distances in blocks(fake, real):  # (rows, N)
        precise.append((distances <= real_radius).any(1))
        recalled |= (distances <= fake_radius[rows, None]).any(0)
    return float(torch.cat(precise).double().mean()), float(recalled.double().mean())


class PrecisionRecall(Metric):
    """Precision, recall and their harmonic mean, f_score (arXiv:1904.06991).

    Precision is the share of generated samples within the real distribution, which balls around real features
    approximate. Recall is the share of real samples within the generated distribution.

    Args:
        neighbours: Number of nearest neighbours that sets the size of a ball, the paper's k.
        most: Largest number of samples of each kind; real and generated samples are equally many.
    """

    better: ClassVar = {"f_score": "higher", "precision": "higher", "recall": "higher"}

    def __init__(self, neighbours: PositiveInt = 3, most: PositiveInt = 10_000):
        self.neighbours = neighbours
        self.most = most

    def __call__(self, evidence: Evidence) -> Mapping[str, float]:
        real, fake = equal_numbers("precision_recall", evidence, self.most, self.neighbours)
        precision, recall = precision_recall(real, fake, self.neighbours)
        total = precision + recall
        return {"f_score": 2 * precision * recall / total if total else 0.0, "precision": precision, "recall": recall}
