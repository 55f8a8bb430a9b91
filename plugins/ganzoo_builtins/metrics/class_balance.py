"""Whether a generator makes each class as often as the data has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ganzoo import Evidence, Metric
from ganzoo_builtins.metrics.histogram import histogram


class ClassBalance(Metric):
    """Total variation between the classes that a referee sees among generated and among real samples: half the sum of
    |p - q| over classes, which is the share of samples that would have to change their class. 0 to 1.
    """

    better: ClassVar = {"class_balance": "lower"}
    sees = "classes"

    def __call__(self, evidence: Evidence) -> Mapping[str, float]:
        apart = histogram(evidence.real) - histogram(evidence.fake)  # (classes,)
        return {"class_balance": float(apart.abs().sum() / 2)}
