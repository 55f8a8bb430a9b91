"""A chart as SVG: axes, lines, nothing that is loaded from elsewhere. Colours are the page's: classes c0, c1, ..."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

from markupsafe import Markup

from ganzoo.report.curves import Chart, Curve

WIDTH, HEIGHT = 480, 230
LEFT, RIGHT, TOP, BOTTOM = 52, 10, 10, 26
SVG = Markup(
    '<svg viewBox="0 0 {} {}" role="img" aria-label="{}" data-chart="{}" tabindex="0"><clipPath id="{}">'
    '<rect x="{}" y="{}" width="{}" height="{}"/></clipPath>{}</svg>'
)
TICK = Markup('<line class="rule" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>')
LABEL = Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>')
LINE = Markup('<polyline class="c{}" clip-path="url(#{})" points="{}"/>')
DOT = Markup('<circle class="c{}" cx="{:.1f}" cy="{:.1f}" r="3"/>')
BAND = Markup('<polygon class="c{}" clip-path="url(#{})" points="{}"/>')
LEVEL = Markup('<line class="level c{}" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>')
POINTER = Markup('<line class="pointer" x1="0" y1="{}" x2="0" y2="{}" visibility="hidden"/>')


def svg(chart: Chart, name: str) -> Markup:
    """`name` is of this chart alone in the page. Escaped, but for what is written here."""
    curves = [one for one in chart.curves if one.points]
    steps = [step for one in curves for step, *_ in one.points]
    first, last = min(steps), max(steps)
    low, high = axis(min(one.range[0] for one in curves), max(one.range[1] for one in curves))
    inner_width, inner_height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def x(step: float) -> float:
        return LEFT + inner_width * ((step - first) / (last - first) if last > first else 0.5)

    def y(value: float) -> float:
        return TOP + inner_height * (1 - (value - low) / (high - low))

    parts: list[Markup] = []
    for value in ticks(low, high, 5):
        parts.append(TICK.format(LEFT, y(value), WIDTH - RIGHT, y(value)))
        parts.append(LABEL.format(LEFT - 6, y(value) + 4, "end", number(value)))
    for step in ticks(first, last, 5) if last > first else [first]:
        parts.append(LABEL.format(x(step), HEIGHT - 8, "middle" if x(step) < WIDTH - 30 else "end", f"{step:,.0f}"))
    for k, one in enumerate(curves):
        if any(bottom < top for _, _, bottom, top in one.points):
            edge = [(step, top) for step, _, _, top in one.points]
            edge += [(step, bottom) for step, _, bottom, _ in reversed(one.points)]
            parts.append(BAND.format(k, name, _path([(x(step), y(value)) for step, value in edge])))
    for k, one in enumerate(curves):
        places = [(x(step), y(value)) for step, value, *_ in one.points]
        parts.append(LINE.format(k, name, _path(places)))
        if len(places) < 12:
            parts += [DOT.format(k, *place) for place in places if TOP <= place[1] <= HEIGHT - BOTTOM]
        if one.level is not None:
            parts.append(LEVEL.format(k, LEFT, y(one.level), WIDTH - RIGHT, y(one.level)))
    parts.append(POINTER.format(TOP, HEIGHT - BOTTOM))
    told = ", ".join(one.name for one in curves)
    return SVG.format(
        WIDTH, HEIGHT, f"{chart.title}: {told}", _data(curves, first, last), name, LEFT, TOP, inner_width, inner_height,
        Markup("").join(parts),
    )  # fmt: skip


def axis(low: float, high: float) -> tuple[float, float]:
    """A little more than from `low` to `high`, and never nothing."""
    room = 0.06 * (high - low) or max(abs(high), 1e-3) * 0.1
    return low - room, high + room


def ticks(low: float, high: float, about: int) -> list[float]:
    """Round numbers, 1, 2 or 5 times a power of ten apart."""
    raw = (high - low) / about
    power = 10 ** math.floor(math.log10(raw))
    pace = next(pace for m in (1, 2, 5, 10) if (pace := m * power) >= raw * (1 - 1e-9))
    return [k * pace for k in range(math.ceil(low / pace - 1e-9), math.floor(high / pace + 1e-9) + 1)]


def number(value: float) -> str:
    """As few digits as tell it."""
    if value and not 1e-3 <= abs(value) < 1e6:
        return f"{value:.2g}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _path(places: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)


def _data(curves: Sequence[Curve], first: float, last: float) -> str:
    """What the script says when somebody points at a step."""
    told = [[[round(step), float(f"{value:.4g}")] for step, value, *_ in one.points] for one in curves]
    frame = {"left": LEFT, "width": WIDTH - LEFT - RIGHT, "first": first, "last": last, "total": WIDTH}
    return json.dumps({**frame, "curves": told}, separators=(",", ":"))
