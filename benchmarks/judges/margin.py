"""EBGAN: the classes that are drawn, and how near the discriminator's loss came to the margin, its equilibrium."""

from __future__ import annotations

import ganzoo
from judges import classes


def judge(run: ganzoo.Run) -> str:
    """The loss is the mean of what was logged in the last third of the run."""
    seen = [row["discriminator/adversarial"] for row in run.metrics() if "discriminator/adversarial" in row]
    last = seen[-max(1, len(seen) // 3) :]
    margin = run.resolved["recipe"]["loss"]["margin"]
    return f"{classes.judge(run)}; discriminator's loss {sum(last) / len(last):.3f} at a margin of {margin:g}"
