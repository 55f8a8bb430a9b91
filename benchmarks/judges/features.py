"""What the discriminator has learned to see: a linear classifier on its features (Radford et al. 2016, section 5.1)."""

from __future__ import annotations

import ganzoo
import representation


def judge(run: ganzoo.Run) -> str:
    """On 1,000 images of the test part, or held out where there is none, after 3,000 with labels."""
    parts = "train" in run.resolved["recipe"]["dataset"]
    return representation.told(
        representation.measure(run, "dataset.train=false" if parts else "", train=3000, held=1000)
    )
