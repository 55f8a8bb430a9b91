"""Every score of compared runs as a CSV file, one evaluation a line."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from ganzoo.errors import RunError
from ganzoo.runs.comparison import Group, seed_of
from ganzoo.runs.folder import RunFolder
from ganzoo.runs.score_curves import Clock, evaluations

COLUMNS = ("setting", "run", "seed", "score", "step", "minutes", "value", "floor", "better", "newest")


def rows(groups: Sequence[Group], names: Sequence[str]) -> str:
    """Return the scores as CSV.

    Args:
        groups: The runs, by setting.
        names: Full names of the scores.

    Returns:
        A heading and a line for each evaluation: `minutes` is empty for runs of earlier versions, `floor` where there
        is none, and `newest` is 1 for the evaluation that a table of runs shows.
    """
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    for group in groups:
        for run in group.runs:
            clock = _clock(run)
            for name in names:
                by_step = evaluations(run, name)
                for step, score in by_step.items():
                    minutes = "" if clock is None else f"{clock.minutes(step):.3f}"
                    floor = "" if score.floor is None else repr(score.floor)
                    own = (group.label, run.folder.name, seed_of(run), name, step, minutes)
                    table.writerow((*own, repr(score.value), floor, score.better, int(step == max(by_step))))
    return text.getvalue()


def _clock(run: RunFolder) -> Clock | None:
    try:
        return Clock(run)
    except RunError:
        return None
