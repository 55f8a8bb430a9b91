"""How different generated samples are from each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import PositiveInt

from ganzoo import Evidence, IncompatibleError, Metric, Seen
from ganzoo_builtins.metrics.distances import mean_distance


class Diversity(Metric):
    """The mean distance of two generated samples divided by that of two real ones: 1 is healthy, near 0 all look alike.

    Within classes where samples were asked for classes, for there a conditional GAN collapses: the mean over those
    classes on either side. `most` samples are looked at, of each class. The idea is that of AC-GAN's MS-SSIM
    (arXiv:1610.09585), with distances of features in the place of likenesses of pixels.
    """

    better: ClassVar = {"diversity": "nearer"}

    def __init__(self, most: PositiveInt = 2_000):
        self.most = most

    def __call__(self, evidence: Evidence) -> Mapping[str, float]:
        pairs = [(one, other) for one, other in _groups(evidence.real, evidence.fake) if min(len(one), len(other)) > 1]
        real = sum(mean_distance(one.first(self.most).features) for one, _ in pairs)
        fake = sum(mean_distance(other.first(self.most).features) for _, other in pairs)
        if not real:
            raise IncompatibleError(
                "metric diversity needs two real and two generated samples at least, of one class where there are "
                "classes, and real ones that differ: raise the number of samples."
            )
        return {"diversity": fake / real}


def _groups(real: Seen, fake: Seen) -> list[tuple[Seen, Seen]]:
    if real.y is None or fake.y is None:
        return [(real, fake)]
    return [(real.of_class(y), fake.of_class(y)) for y in fake.y.unique().tolist()]
