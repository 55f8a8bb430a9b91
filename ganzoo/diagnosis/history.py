"""What a run has told of itself so far, as the rules read it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from statistics import median
from typing import Any

from ganzoo.runs.scores import Score

LEAST = 8  # logged steps in a row: fewer may be chance, and hardly anything is chance for so long
SHARE = 0.25  # of all logged steps so far: what passes within a quarter of a run was no trouble
WIDTH = 5  # logged steps that are smoothed over: one bad batch is two at most, when two logs follow it


@dataclass(frozen=True)
class Series:
    """One number over the steps. A value that was not finite is infinity."""

    steps: tuple[int, ...] = ()
    values: tuple[float, ...] = ()

    def __len__(self) -> int:
        return len(self.steps)

    @cached_property
    def smooth(self) -> Series:
        """The median of `WIDTH` neighbours each, fewer at the ends."""
        half = WIDTH // 2
        around = (self.values[max(0, i - half) : i + half + 1] for i in range(len(self)))
        return Series(self.steps, tuple(median(values) for values in around))

    @property
    def lasting(self) -> int:
        """How many values at the end are enough to speak of something that lasts; more than there are, if need be."""
        return max(LEAST, math.ceil(SHARE * len(self)))


@dataclass(frozen=True)
class History:
    """Rows of metrics.jsonl, scores, and the recipe as resolved.json has it."""

    rows: Sequence[Mapping[str, Any]]
    scores: Sequence[Score] = ()
    recipe: Mapping[str, Any] = field(default_factory=dict)

    def series(self, name: str) -> Series:
        """One number of the rows that have it."""
        found = [(row["step"], row[name]) for row in self.rows if name in row]
        return Series(tuple(t for t, _ in found), tuple(math.inf if v is None else float(v) for _, v in found))

    def together(self, *names: str) -> list[Series]:
        """Several numbers of the rows that have all of them."""
        return [History([row for row in self.rows if set(names) <= row.keys()]).series(name) for name in names]

    def names(self, before: str) -> list[str]:
        """The names of the rows that begin so, in order of appearance."""
        return list(dict.fromkeys(name for row in self.rows for name in row if name.startswith(before)))

    def score(self, *names: str) -> Score | None:
        """The newest score of one of these metrics, whatever looked at the samples."""
        found = [one for one in self.scores if one.name.partition("@")[0] in names]
        return max(found, key=lambda one: one.step, default=None)

    def past(self, share: float) -> bool:
        """Whether that share of the run's steps is over; true where the recipe does not say how many there are."""
        steps = self.recipe.get("run", {}).get("steps") or 0
        return max((row["step"] for row in self.rows), default=0) >= share * steps


def unbroken(holds: Sequence[bool]) -> int:
    """How many at the end hold without one that does not."""
    return next((i for i, one in enumerate(reversed(holds)) if not one), len(holds))


def lasting(series: Series, holds: Sequence[bool]) -> int | None:
    """The step since which something holds at every value up to the end, if that is long enough to be lasting."""
    length = unbroken(holds)
    return series.steps[-length] if length >= series.lasting else None
