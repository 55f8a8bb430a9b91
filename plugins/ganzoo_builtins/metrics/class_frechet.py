"""The Frechet distance within classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ganzoo import Evidence, IncompatibleError, Metric
from ganzoo_builtins.metrics.frechet import frechet_distance


class ClassFrechetDistance(Metric):
    """Mean over classes of the Frechet distance between real samples of a class and those that were asked for it:
    intra-FID of Miyato and Koyama 2018 (arXiv:1802.05637), where the extractor is Inception.

    A class that collapsed shows here and hides in frechet_distance. Biased like that one, and more so, for each class
    has but its share of the samples. Classes with fewer than two samples on either side are left out.
    """

    better: ClassVar = {"class_frechet_distance": "lower"}
    asked = True
    by_default = False

    def __call__(self, evidence: Evidence) -> Mapping[str, float]:
        real, fake = evidence.real, evidence.fake
        assert fake.y is not None
        pairs = [(real.of_class(y), fake.of_class(y)) for y in fake.y.unique().tolist()]
        distances = [frechet_distance(a.features, b.features) for a, b in pairs if min(len(a), len(b)) > 1]
        if not distances:
            raise IncompatibleError(
                "metric class_frechet_distance needs two samples of a class at least: raise the number of samples."
            )
        return {"class_frechet_distance": sum(distances) / len(distances)}
