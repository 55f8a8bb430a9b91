"""Judge of EBGAN: generated classes, and the discriminator's loss beside the margin, its value at equilibrium."""

from __future__ import annotations

import ganzoo
from judges import classes


def judge(run: ganzoo.Run) -> str:
    """Report the classes, and the mean discriminator loss over the last third of the logged rows."""
    losses = [row["discriminator/adversarial"] for row in run.metrics() if "discriminator/adversarial" in row]
    last = losses[-max(1, len(losses) // 3) :]
    margin = run.resolved["recipe"]["loss"]["margin"]
    return f"{classes.judge(run)}; discriminator's loss {sum(last) / len(last):.3f} at a margin of {margin:g}"
