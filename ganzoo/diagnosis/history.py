"""History of a run: logged values, scores and recipe, as the rules read them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from statistics import median
from typing import Any

from ganzoo.runs.scores import Score

LEAST = 8  # logged steps that a problem has to last: fewer could be chance
SHARE = 0.25  # of all logged steps that a problem has to last: a shorter one was harmless
WIDTH = 5  # logged steps of the smoothing median: a bad batch affects at most two


@dataclass(frozen=True)
class Series:
    """A logged value by step.

    Args:
        steps: Logged steps, in order.
        values: Its values; infinity where the value was not finite.
    """

    steps: tuple[int, ...] = ()
    values: tuple[float, ...] = ()

    def __len__(self) -> int:
        return len(self.steps)

    @cached_property
    def smooth(self) -> Series:
        """Return the series smoothed by a median over WIDTH values, fewer at the ends."""
        half = WIDTH // 2
        windows = (self.values[max(0, i - half) : i + half + 1] for i in range(len(self)))
        return Series(self.steps, tuple(median(values) for values in windows))

    @property
    def lasting(self) -> int:
        """Return the number of values at the end that a problem has to hold for, at least LEAST."""
        return max(LEAST, math.ceil(SHARE * len(self)))


@dataclass(frozen=True)
class History:
    """All that the rules know of a run.

    Args:
        rows: Rows of metrics.jsonl.
        scores: Scores.
        recipe: The recipe, as in resolved.json.
    """

    rows: Sequence[Mapping[str, Any]]
    scores: Sequence[Score] = ()
    recipe: Mapping[str, Any] = field(default_factory=dict)

    def series(self, name: str) -> Series:
        """Return a value over the rows that have it."""
        pairs = [(row["step"], row[name]) for row in self.rows if name in row]
        values = (math.inf if value is None else float(value) for _, value in pairs)
        return Series(tuple(step for step, _ in pairs), tuple(values))

    def aligned(self, *names: str) -> list[Series]:
        """Return several values over the rows that have all of them."""
        return [History([row for row in self.rows if set(names) <= row.keys()]).series(name) for name in names]

    def names(self, prefix: str) -> list[str]:
        """Return the names of logged values with this prefix, in order of appearance."""
        return list(dict.fromkeys(name for row in self.rows for name in row if name.startswith(prefix)))

    def score(self, *names: str) -> Score | None:
        """Return the newest score of these results, with any extractor."""
        scores = [score for score in self.scores if score.name.partition("@")[0] in names]
        return max(scores, key=lambda score: score.step, default=None)

    def past(self, share: float) -> bool:
        """Return True after this share of the run's steps, or if the recipe has no number of steps."""
        steps = self.recipe.get("run", {}).get("steps") or 0
        return max((row["step"] for row in self.rows), default=0) >= share * steps


def unbroken(holds: Sequence[bool]) -> int:
    """Return the number of True values at the end."""
    return next((i for i, value in enumerate(reversed(holds)) if not value), len(holds))


def lasting_since(series: Series, holds: Sequence[bool]) -> int | None:
    """Find the step since which a condition has held, if that is long enough.

    Args:
        series: The series that the condition is about.
        holds: The condition at each of its values.

    Returns:
        The step, or None if the condition has held for fewer than `series.lasting` values.
    """
    length = unbroken(holds)
    return series.steps[-length] if length >= series.lasting else None
