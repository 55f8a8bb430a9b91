"""Class balance and class coverage, as a classifier of real data sees them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from ganzoo import Evidence, Metric, Seen


def histogram(seen: Seen) -> Tensor:
    """Return the share of samples read as each class, and last of those read as none, float64 (classes + 1,)."""
    classes = seen.logits.shape[1]
    read = seen.classes.where(seen.classes >= 0, classes)  # (N,)
    return torch.bincount(read, minlength=classes + 1).double() / len(seen)


class ClassBalance(Metric):
    """Total variation distance between the class histograms of generated and real samples, from 0 to 1.

    It is half the sum of |p - q| over classes: the share of samples that would have to change their class. Samples that
    the referee does not recognize count as one more class.
    """

    better: ClassVar = {"class_balance": "lower"}
    sees = "classes"

    def __call__(self, evidence: Evidence) -> Mapping[str, float]:
        difference = histogram(evidence.real) - histogram(evidence.fake)  # (classes + 1,)
        return {"class_balance": float(difference.abs().sum() / 2)}


class ClassCoverage(Metric):
    """Number of classes that are frequent enough among the generated samples.

    A class counts when it occurs among the real samples, and its share of the generated ones is at least `least` times
    its share of the real ones. Both shares are those that the referee sees. With a tenth, the referee's mistakes do not
    make a missing class count.

    Args:
        least: Lowest share of a class that counts, relative to its share of the real samples.
    """

    better: ClassVar = {"class_coverage": "higher"}
    sees = "classes"

    def __init__(self, least: Annotated[float, Field(gt=0, le=1)] = 0.1):
        self.least = least

    def __call__(self, evidence: Evidence) -> Mapping[str, float]:
        real, fake = histogram(evidence.real), histogram(evidence.fake)
        return {"class_coverage": float(((real > 0) & (fake >= self.least * real))[:-1].sum())}
