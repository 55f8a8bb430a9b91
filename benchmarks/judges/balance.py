"""Judge of BEGAN: generated classes, balance of the two errors, and decrease of the convergence measure."""

from __future__ import annotations

from collections.abc import Sequence

import ganzoo
from judges import classes


def judge(run: ganzoo.Run) -> str:
    """Report means over the last third of the logged rows; the decrease is relative to the first logged measure."""
    rows = [row for row in run.metrics() if "measure" in row]
    last = rows[-max(1, len(rows) // 3) :]
    ratio = mean([row["generator/fake"] / row["discriminator/real"] for row in last])
    fall = 1 - mean([row["measure"] for row in last]) / rows[0]["measure"]
    gamma = run.resolved["recipe"]["procedure"]["gamma"]
    return (
        f"{classes.judge(run)}; L(G(z))/L(x) {ratio:.2f} at gamma {gamma:g}, "
        f"measure down by {100 * fall:.0f} % since step {rows[0]['step']}"
    )


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
