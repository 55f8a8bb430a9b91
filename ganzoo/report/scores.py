"""Tables and charts of scores, by result and protocol."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ganzoo.config.parser import flat
from ganzoo.report.curves import Chart, Curve, curve
from ganzoo.runs.score_curves import ScoreCurve
from ganzoo.runs.scores import BEST_OF, Score, place


@dataclass(frozen=True)
class Row:
    """The scores of one result under one protocol.

    Args:
        name: Name of the result, such as "frechet_distance@referee".
        better: "lower", "higher" or "nearer".
        floor: Score of held-out real samples, or None.
        newest: Step and value of the newest score.
        best: Step and value of the best score, or None if neither direction is better.
        protocol: The protocol, flattened, as text.
    """

    name: str
    better: str
    floor: float | None
    newest: tuple[int, float]
    best: tuple[int, float] | None
    protocol: Mapping[str, str]


def rows(scores: Iterable[Score]) -> list[Row]:
    """Return a row for each result and protocol: distance, recall, nearest training sample, then the others by name."""
    return [_row(group) for group in _by_kind(scores)]


def charts(scores: Iterable[Score]) -> list[Chart]:
    """Return a chart with the floor for each result that was computed at several steps."""
    charts = []
    for group in _by_kind(scores):
        values = {score.step: score.value for score in group}
        if len(values) > 1:
            last = group[-1]
            note = "" if last.floor is None else "dashed: score of held-out real samples"
            charts.append(Chart(last.name, [curve(last.name, sorted(values.items()), last.floor)], note))
    return charts


def band(title: str, scored: ScoreCurve | None) -> Curve:
    """Return the curve of a score of a setting: mean and standard deviation over seeds, and each seed.

    Args:
        title: Name of the curve.
        scored: The scores; None for a curve without points.

    Returns:
        The curve.
    """
    if scored is None:
        return Curve(title, [])
    if not scored.points:  # no step at which all seeds were evaluated
        first = [(x, value, value, value) for x, value in scored.runs[0]]
        return Curve(title, first, members=tuple(list(run) for run in scored.runs))
    points = [(at.x, at.mean, at.mean - at.spread, at.mean + at.spread) for at in scored.points]
    members = tuple(list(run) for run in scored.runs) if len(scored.runs) > 1 else ()
    return Curve(title, points, scored.floor, members)


def _by_kind(scores: Iterable[Score]) -> list[list[Score]]:
    """Group scores by name and protocol, each group in the order they were computed."""
    groups: dict[tuple[str, str], list[Score]] = {}
    for score in scores:
        groups.setdefault(score.kind, []).append(score)
    return [groups[kind] for kind in sorted(groups, key=lambda kind: (place(kind[0]), kind))]


def _row(group: list[Score]) -> Row:
    last = max(reversed(group), key=lambda score: score.step)
    best = None
    if best_of := BEST_OF.get(last.better):
        top = best_of(group, key=lambda score: score.value)
        best = (top.step, top.value)
    protocol = {key: value if isinstance(value, str) else json.dumps(value) for key, value in flat(last.protocol)}
    return Row(last.name, last.better, last.floor, (last.step, last.value), best, protocol)
