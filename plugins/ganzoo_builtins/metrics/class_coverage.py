"""How many classes a generator makes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field

from ganzoo import Evidence, Metric
from ganzoo_builtins.metrics.histogram import histogram


class ClassCoverage(Metric):
    """The number of classes that a referee sees often enough among the generated samples.

    A class counts when its share is at least `least` times its share among the real samples, as the same referee sees
    those, and it is among these at all. A tenth is beyond what a referee's mistakes make of a class that is missing.
    """

    better: ClassVar = {"class_coverage": "higher"}
    sees = "classes"

    def __init__(self, least: Annotated[float, Field(gt=0, le=1)] = 0.1):
        self.least = least

    def __call__(self, evidence: Evidence) -> Mapping[str, float]:
        real, fake = histogram(evidence.real), histogram(evidence.fake)
        return {"class_coverage": float(((real > 0) & (fake >= self.least * real)).sum())}
