"""Judge of a discriminator's features: a linear classifier on them (Radford et al. 2016, section 5.1)."""

from __future__ import annotations

import ganzoo
import representation


def judge(run: ganzoo.Run) -> str:
    """Report accuracies on 1,000 images of the test split (or held out, without one), after 3,000 labelled images."""
    test = "dataset.train=false" if "train" in run.resolved["recipe"]["dataset"] else ""
    return representation.sentence(representation.measure(run, test, train=3000, held=1000))
