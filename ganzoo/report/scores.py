"""Scores as a page tells them: the newest beside the best and the floor, and which may be compared with which."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ganzoo.config.parser import flat
from ganzoo.report.curves import Chart, curve
from ganzoo.runs.scores import BEST_OF, Score


@dataclass(frozen=True)
class Row:
    """A result under one protocol. best: as `better` has it; None where neither way is good."""

    name: str
    better: str
    floor: float | None
    newest: tuple[int, float]
    best: tuple[int, float] | None
    protocol: Mapping[str, str]


def rows(found: Iterable[Score]) -> list[Row]:
    """One for each result and protocol, in the order of their names."""
    return [_row(part) for part in _alike(found)]


def charts(found: Iterable[Score]) -> list[Chart]:
    """A chart for each result that was computed at several steps, with its floor."""
    made = []
    for part in _alike(found):
        newest = {score.step: score.value for score in part}
        if len(newest) > 1:
            line = curve(part[0].name, sorted(newest.items()), part[-1].floor)
            floor = "" if part[-1].floor is None else "dashed: what held-out real samples score"
            made.append(Chart(part[0].name, [line], floor))
    return made


def _alike(found: Iterable[Score]) -> list[list[Score]]:
    """Scores of one name and protocol, in the order they were made."""
    groups: dict[tuple[str, str], list[Score]] = {}
    for score in found:
        groups.setdefault(score.kind, []).append(score)
    return [groups[key] for key in sorted(groups)]


def _row(part: list[Score]) -> Row:
    last = max(reversed(part), key=lambda score: score.step)
    best = None
    if best_of := BEST_OF.get(last.better):
        top = best_of(part, key=lambda score: score.value)
        best = (top.step, top.value)
    protocol = {key: value if isinstance(value, str) else json.dumps(value) for key, value in flat(last.protocol)}
    return Row(last.name, last.better, last.floor, (last.step, last.value), best, protocol)
