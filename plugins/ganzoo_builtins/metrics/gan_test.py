"""GAN-test: does a referee see the class that was asked for?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ganzoo import Evidence, Metric


class GANTest(Metric):
    """The share of generated samples in which a referee, trained on real ones, sees the class they were asked for:
    GAN-test of Shmelkov et al. 2018 (arXiv:1807.09499).

    One perfect sample for each class is enough for 1: gan_train is lower then.
    """

    better: ClassVar = {"gan_test": "higher"}
    sees = "classes"
    asked = True

    def __call__(self, evidence: Evidence) -> Mapping[str, float]:
        fake = evidence.fake
        assert fake.y is not None
        return {"gan_test": float((fake.logits.argmax(1) == fake.y).double().mean())}
