"""GAN-test: the accuracy of generated labels, as a classifier of real data sees it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ganzoo import Evidence, Metric


class GANTest(Metric):
    """Accuracy on generated samples of a classifier (the referee) trained on real ones.

    GAN-test of Shmelkov et al. 2018 (arXiv:1807.09499), with the difference that samples which the referee does not
    recognize count as wrong. A single perfect sample for each class is enough for a score of
    1; gan_train is lower then.
    """

    better: ClassVar = {"gan_test": "higher"}
    sees = "classes"
    asked = True

    def __call__(self, evidence: Evidence) -> Mapping[str, float]:
        fake = evidence.fake
        assert fake.y is not None
        return {"gan_test": float((fake.classes == fake.y).double().mean())}
