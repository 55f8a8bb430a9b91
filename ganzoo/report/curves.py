"""Logged numbers as curves, a chart for those that can share an axis."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ganzoo.runs.metrics_log import is_loss

POINTS = 240  # at most so many per curve
SHARE = 0.08  # of an axis that a curve takes at least, or it gets another one
OUTPUTS = ("real", "fake")  # what discriminators say of either


@dataclass(frozen=True)
class Curve:
    """Points (step, value, lowest, highest): where there are too many to draw, means of several and their range."""

    name: str
    points: list[tuple[float, float, float, float]]
    level: float | None = None  # a line to compare with, such as what real samples score

    @property
    def range(self) -> tuple[float, float]:
        """Lowest and highest but for the outermost hundredth: one spike flattens no axis."""
        values = sorted(value for _, value, *_ in self.points)
        cut = len(values) // 100
        ends = values[cut], values[len(values) - 1 - cut]
        return (ends[0], ends[1]) if self.level is None else (min(ends[0], self.level), max(ends[1], self.level))


@dataclass(frozen=True)
class Chart:
    title: str
    curves: list[Curve]
    note: str = ""


def curve(name: str, pairs: Sequence[tuple[int, float]], level: float | None = None) -> Curve:
    """(step, value) in order -> a curve of at most POINTS points."""
    size = max(1, -(-len(pairs) // POINTS))
    points = []
    for start in range(0, len(pairs), size):
        steps, values = zip(*pairs[start : start + size], strict=True)
        points.append((sum(steps) / len(steps), sum(values) / len(values), min(values), max(values)))
    return Curve(name, points, level)


def read(rows: Iterable[Mapping[str, Any]]) -> dict[str, Curve]:
    """Rows of metrics.jsonl -> every number by name. One that was not finite leaves a gap."""
    pairs: dict[str, list[tuple[int, float]]] = {}
    for row in rows:
        for name, value in row.items():
            if name != "step" and isinstance(value, (int, float)) and math.isfinite(value):
                pairs.setdefault(name, []).append((row["step"], float(value)))
    return {name: curve(name, found) for name, found in pairs.items()}


def charts(curves: Mapping[str, Curve]) -> list[Chart]:
    """A chart for each family of numbers; several where one curve would be flat beside another."""
    families: dict[str, list[Curve]] = {}
    for name, one in curves.items():
        families.setdefault(family(name), []).append(one)
    order = ["Losses", "Outputs of the discriminator"]
    titles = sorted(
        families, key=lambda title: (order.index(title) if title in order else len(order), title == "Speed")
    )
    return [Chart(_title(title, part), part) for title in titles for part in _apart(families[title])]


def family(name: str) -> str:
    """What a number is about."""
    first, _, rest = name.partition("/")
    if name == "images_per_second":
        return "Speed"
    if is_loss(name):
        return "Losses"
    if not rest and name.rstrip("_0123456789") in OUTPUTS:
        return "Outputs of the discriminator"
    return {"gradient": "Gradient norms", "samples": "Samples", "data": "Told by the data"}.get(first, name)


def _title(family: str, part: list[Curve]) -> str:
    if family == "Speed":
        return "Speed (images per second)"
    return part[0].name if len(part) == 1 and family in ("Samples", "Gradient norms") else family


def _apart(curves: list[Curve]) -> list[list[Curve]]:
    """Groups in which no curve takes less than SHARE of the common range. A level one is at home anywhere within."""
    groups: list[list[Curve]] = []
    for one in sorted(curves, key=lambda curve: curve.range[0] - curve.range[1]):
        home = next((group for group in groups if _fits([*group, one])), None)
        if home is None:
            groups.append([one])
        else:
            home.append(one)
    order = {one.name: k for k, one in enumerate(curves)}
    groups = [sorted(group, key=lambda one: order[one.name]) for group in groups]
    return sorted(groups, key=lambda group: order[group[0].name])


def _fits(group: list[Curve]) -> bool:
    low, high = min(one.range[0] for one in group), max(one.range[1] for one in group)
    spans = [one.range[1] - one.range[0] for one in group]
    return len(group) <= 8 and min(spans) >= SHARE * (high - low)
