"""Precision and recall: what of the generated samples looks real, and what of the real ones could be generated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from pydantic import PositiveInt
from torch import Tensor

from ganzoo import Evidence, Metric
from ganzoo_builtins.metrics.distances import blocks, radii
from ganzoo_builtins.metrics.equal_numbers import equal_numbers


def precision_recall(real: Tensor, fake: Tensor, neighbours: int) -> tuple[float, float]:
    """Features (N, F), (M, F) -> the share of fakes within reach of a real sample, and the reverse.

    A sample reaches as far as its so many-th nearest neighbour of its own side. Source: Kynkaanniemi et al. 2019
    (arXiv:1904.06991), equations 1 and 2.
    """
    reach, fake_reach = radii(real, neighbours), radii(fake, neighbours)
    real_looking, reached = [], torch.zeros(len(real), dtype=torch.bool)
    for here, distances in blocks(fake, real):  # (rows, N)
        real_looking.append((distances <= reach).any(1))
        reached |= (distances <= fake_reach[here, None]).any(0)
    return float(torch.cat(real_looking).double().mean()), float(reached.double().mean())


class PrecisionRecall(Metric):
    """Precision: the share of generated samples within the real distribution, as balls around real features tell it.
    Recall: the share of real ones within the generated distribution (arXiv:1904.06991; `neighbours` is its k).

    f_score: their harmonic mean. As many real samples as generated ones, `most` of each.
    """

    better: ClassVar = {"f_score": "higher", "precision": "higher", "recall": "higher"}

    def __init__(self, neighbours: PositiveInt = 3, most: PositiveInt = 10_000):
        self.neighbours = neighbours
        self.most = most

    def __call__(self, evidence: Evidence) -> Mapping[str, float]:
        real, fake = equal_numbers("precision_recall", evidence, self.most, self.neighbours)
        precision, recall = precision_recall(real, fake, self.neighbours)
        both = precision + recall
        return {"f_score": 2 * precision * recall / both if both else 0.0, "precision": precision, "recall": recall}
