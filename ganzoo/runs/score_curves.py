"""Scores of runs against steps or minutes: the curve of each run, and mean and spread over the seeds of a setting."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Literal

from ganzoo.errors import RunError
from ganzoo.runs.comparison import Group
from ganzoo.runs.folder import RunFolder
from ganzoo.runs.scores import Score

Against = Literal["steps", "minutes"]


@dataclass(frozen=True)
class Point:
    """Mean of the seeds after one number of steps.

    Attributes:
        x: Steps, or the mean of the minutes that the seeds took for them.
        mean: Mean of the scores.
        spread: Standard deviation of the scores (n - 1), 0 for a single run.
    """

    x: float
    mean: float
    spread: float


@dataclass(frozen=True)
class ScoreCurve:
    """One score of the runs of a setting.

    Attributes:
        label: The setting.
        runs: (x, score) of each evaluation, for each run that has any.
        points: Mean and spread after every number of steps at which all of these runs were evaluated.
        floor: Score of held-out real samples, or None.
        better: "lower", "higher" or "nearer", as in Score.
    """

    label: str
    runs: tuple[tuple[tuple[float, float], ...], ...]
    points: tuple[Point, ...]
    floor: float | None
    better: str


def curves(groups: Sequence[Group], name: str, against: Against) -> list[ScoreCurve]:
    """Return the curve of a score for each setting.

    Args:
        groups: The runs, by setting.
        name: Full name of the score.
        against: What it is drawn against.

    Returns:
        The curves; settings without the score are left out.

    Raises:
        RunError: A run recorded no times, and they are asked for.
    """
    found = []
    for group in groups:
        scored = [(run, by_step) for run in group.runs if (by_step := evaluations(run, name))]
        if scored:
            found.append(_curve(group.label, scored, against))
    return found


def evaluations(run: RunFolder, name: str) -> dict[int, Score]:
    """Return a score of a run by step, in order of steps.

    Args:
        run: The run.
        name: Full name of the score.

    Returns:
        The scores of the protocol that most of them have; of several scores of a step, the newest.
    """
    named = [score for score in run.scores() if score.name == name]
    if not named:
        return {}
    protocol = Counter(score.kind for score in named).most_common(1)[0][0]
    newest = {score.step: score for score in named if score.kind == protocol}
    return dict(sorted(newest.items()))


class Clock:
    """The minutes that a run had trained after each number of steps, with everything that it did besides.

    Args:
        run: The run.

    Raises:
        RunError: The run recorded no times.
    """

    def __init__(self, run: RunFolder):
        rows = [(row["step"], row["seconds"]) for row in run.metrics() if row.get("seconds") is not None]
        if not rows:
            raise RunError(
                f"{run.folder}: an earlier version of ganzoo trained it, and noted no times. Take --against steps."
            )
        self._steps: list[int] = [0, *(step for step, _ in rows)]
        self._seconds: list[float] = [0.0, *(float(seconds) for _, seconds in rows)]

    def minutes(self, step: int) -> float:
        """Return the minutes at a step, between two logged ones in proportion to their steps."""
        k = min(bisect_left(self._steps, step), len(self._steps) - 1)
        if k == 0 or self._steps[k] <= step:
            return self._seconds[k] / 60
        start, end = self._steps[k - 1], self._steps[k]
        share = (step - start) / (end - start)
        return (self._seconds[k - 1] + share * (self._seconds[k] - self._seconds[k - 1])) / 60


def _curve(label: str, scored: Sequence[tuple[RunFolder, dict[int, Score]]], against: Against) -> ScoreCurve:
    places: list[dict[int, float]] = []
    for run, by_step in scored:
        clock = Clock(run) if against == "minutes" else None
        places.append({step: clock.minutes(step) if clock else float(step) for step in by_step})
    columns = [by_step for _, by_step in scored]
    shared = [step for step in columns[0] if all(step in column for column in columns)]
    points = []
    for step in shared:
        values = [column[step].value for column in columns]
        spread = stdev(values) if len(values) > 1 else 0.0
        points.append(Point(fmean(place[step] for place in places), fmean(values), spread))
    lines = tuple(
        tuple((place[step], score.value) for step, score in column.items())
        for place, column in zip(places, columns, strict=True)
    )
    last = next(reversed(columns[0].values()))
    return ScoreCurve(label, lines, tuple(points), last.floor, last.better)
