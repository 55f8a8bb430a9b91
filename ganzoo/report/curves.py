"""Logged values as curves, grouped into charts whose curves can share an axis."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ganzoo.runs.metrics_log import MEANINGS, SECONDS, is_loss

POINTS = 240  # per curve at most
SHARE = 0.08  # of an axis that each curve has to span; a flatter one gets a chart of its own
LARGEST = 8  # curves in a chart at most
OUTPUTS = ("real", "fake")  # outputs of the discriminator on either kind of samples


@dataclass(frozen=True)
class Curve:
    """A named series of values.

    Args:
        name: Name of the value, shown in the legend.
        points: (step, value, lowest, highest) in order of steps; where there are too many points, each is the mean of
            several, with their range.
        level: Value of a horizontal line to compare with, such as the score of real samples, or None.
        members: (step, value) of each of several runs that the points are the mean of; drawn as thin lines.
    """

    name: str
    points: list[tuple[float, float, float, float]]
    level: float | None = None
    members: tuple[list[tuple[float, float]], ...] = ()

    @property
    def range(self) -> tuple[float, float]:
        """Return the lowest and highest value without the outermost 1 % at either end, so that spikes do not count."""
        values = sorted([*(y for _, y, *_ in self.points), *(y for member in self.members for _, y in member)])
        cut = len(values) // 100
        low, high = values[cut], values[len(values) - 1 - cut]
        return (low, high) if self.level is None else (min(low, self.level), max(high, self.level))


@dataclass(frozen=True)
class Chart:
    """Curves that share axes.

    Args:
        title: Title of the chart.
        curves: The curves, in the order of their colours.
        note: Caption below the chart.
    """

    title: str
    curves: list[Curve]
    note: str = ""


def curve(name: str, pairs: Sequence[tuple[int, float]], level: float | None = None) -> Curve:
    """Make a curve of at most POINTS points.

    Args:
        name: As for Curve.
        pairs: (step, value) in order of steps.
        level: As for Curve.

    Returns:
        The curve, with means of several values where there are more than POINTS.
    """
    size = max(1, -(-len(pairs) // POINTS))
    points = []
    for start in range(0, len(pairs), size):
        steps, values = zip(*pairs[start : start + size], strict=True)
        points.append((sum(steps) / len(steps), sum(values) / len(values), min(values), max(values)))
    return Curve(name, points, level)


def read(rows: Iterable[Mapping[str, Any]]) -> dict[str, Curve]:
    """Return a curve for each value in rows of metrics.jsonl, by name; values that are not finite leave gaps."""
    pairs: dict[str, list[tuple[int, float]]] = {}
    for row in rows:
        for name, value in row.items():
            if name not in ("step", SECONDS) and isinstance(value, (int, float)) and math.isfinite(value):
                pairs.setdefault(name, []).append((row["step"], float(value)))
    return {name: curve(name, points) for name, points in pairs.items()}


def charts(curves: Mapping[str, Curve]) -> list[Chart]:
    """Return a chart for each family of values, or several if a curve would be flat next to another."""
    families: dict[str, list[Curve]] = {}
    for name, line in curves.items():
        families.setdefault(family(name), []).append(line)
    first = ["Losses", "Outputs of the discriminator"]
    titles = sorted(
        families, key=lambda title: (first.index(title) if title in first else len(first), title == "Speed")
    )
    return [
        Chart(_title(title, group), group, MEANINGS.get(title, ""))
        for title in titles
        for group in _groups(families[title])
    ]


def family(name: str) -> str:
    """Return the title of the charts that a value belongs to."""
    first, _, rest = name.partition("/")
    if name == "images_per_second":
        return "Speed"
    if is_loss(name):
        return "Losses"
    if not rest and name.rstrip("_0123456789") in OUTPUTS:
        return "Outputs of the discriminator"
    return {"gradient": "Gradient norms", "samples": "Samples", "data": "Measured by the dataset"}.get(first, name)


def _title(family: str, group: list[Curve]) -> str:
    if family == "Speed":
        return "Speed (images per second)"
    return group[0].name if len(group) == 1 and family in ("Samples", "Gradient norms") else family


def _groups(curves: list[Curve]) -> list[list[Curve]]:
    """Split curves, the widest first, into groups in which each spans at least SHARE of the common range."""
    groups: list[list[Curve]] = []
    for line in sorted(curves, key=lambda curve: curve.range[0] - curve.range[1]):
        group = next((group for group in groups if _share_an_axis([*group, line])), None)
        if group is None:
            groups.append([line])
        else:
            group.append(line)
    order = {line.name: k for k, line in enumerate(curves)}
    groups = [sorted(group, key=lambda line: order[line.name]) for group in groups]
    return sorted(groups, key=lambda group: order[group[0].name])


def _share_an_axis(group: list[Curve]) -> bool:
    low, high = min(line.range[0] for line in group), max(line.range[1] for line in group)
    spans = [line.range[1] - line.range[0] for line in group]
    return len(group) <= LARGEST and min(spans) >= SHARE * (high - low)
