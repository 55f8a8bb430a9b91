"""Diversity of generated samples, relative to real ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import PositiveInt

from ganzoo import Evidence, IncompatibleError, Metric, Seen
from ganzoo_builtins.metrics.distances import mean_distance


class Diversity(Metric):
    """Mean distance of two generated samples, divided by that of two real ones.

    1 is as diverse as the data; near 0 all samples look alike. For a conditional GAN, which collapses within classes,
    distances are within classes and averaged over them. It follows AC-GAN's use of MS-SSIM (arXiv:1610.09585), with
    distances of features in place of similarities of pixels.

    Args:
        most: Largest number of samples, of each class where there are classes.
    """

    better: ClassVar = {"diversity": "nearer"}

    def __init__(self, most: PositiveInt = 2_000):
        self.most = most

    def __call__(self, evidence: Evidence) -> Mapping[str, float]:
        groups = [group for group in _groups(evidence.real, evidence.fake) if min(map(len, group)) > 1]
        real_distance = sum(mean_distance(real.first(self.most).features) for real, _ in groups)
        fake_distance = sum(mean_distance(fake.first(self.most).features) for _, fake in groups)
        if not real_distance:
            raise IncompatibleError(
                "metric diversity needs two real and two generated samples at least, of one class where there are "
                "classes, and real ones that differ: raise the number of samples."
            )
        return {"diversity": fake_distance / real_distance}


def _groups(real: Seen, fake: Seen) -> list[tuple[Seen, Seen]]:
    """Return real and generated samples of each class, or all of them where there are no labels."""
    if real.y is None or fake.y is None:
        return [(real, fake)]
    return [(real.of_class(y), fake.of_class(y)) for y in fake.y.unique().tolist()]
