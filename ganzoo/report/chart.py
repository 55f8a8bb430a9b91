"""Charts as SVG. They load nothing from elsewhere; the colours are classes c0, c1, ... of the page's style sheet."""

from __future__ import annotations

import json
from collections.abc import Sequence

from markupsafe import Markup

from ganzoo.report.curves import Chart, Curve
from ganzoo.visualization.axes import Axis, label, padded

WIDTH, HEIGHT = 480, 230
LEFT, RIGHT, TOP, BOTTOM = 52, 10, 10, 26
TICKS = 5  # on each axis at most, or one more
FEW = 12  # points below which each has a dot
SVG = Markup(
    '<svg viewBox="0 0 {} {}" role="img" aria-label="{}" data-chart="{}" tabindex="0"><clipPath id="{}">'
    '<rect x="{}" y="{}" width="{}" height="{}"/></clipPath>{}</svg>'
)
GRID_LINE = Markup('<line class="rule" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>')
LABEL = Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>')
LINE = Markup('<polyline class="c{}" clip-path="url(#{})" points="{}"/>')
THIN = Markup('<polyline class="c{} thin" clip-path="url(#{})" points="{}"/>')
COLOURS = 8  # in the style sheet; further curves have those of the first, dashed
DOT = Markup('<circle class="c{}" cx="{:.1f}" cy="{:.1f}" r="3"/>')
BAND = Markup('<polygon class="c{}" clip-path="url(#{})" points="{}"/>')
LEVEL = Markup('<line class="level c{}" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>')
POINTER = Markup('<line class="pointer" x1="0" y1="{}" x2="0" y2="{}" visibility="hidden"/>')


def svg(chart: Chart, name: str) -> Markup:
    """Render a chart as an SVG element.

    Args:
        chart: The chart; curves without points are left out, and the others have the colours of their places.
        name: Id of its clip path, unique within the page.

    Returns:
        The element, with all text escaped.
    """
    placed = [(k, curve) for k, curve in enumerate(chart.curves) if curve.points]
    curves = [curve for _, curve in placed]
    steps = [step for curve in curves for step, *_ in curve.points]
    steps += [step for curve in curves for member in curve.members for step, _ in member]
    x = Axis(min(steps), max(steps), LEFT, WIDTH - RIGHT)
    low, high = min(curve.range[0] for curve in curves), max(curve.range[1] for curve in curves)
    y = Axis(*padded(low, high), HEIGHT - BOTTOM, TOP)
    parts = _axes(x, y)
    levels = {curve.level for curve in curves}
    for k, curve in placed:
        if any(lowest < highest for _, _, lowest, highest in curve.points):
            edge = [(step, highest) for step, _, _, highest in curve.points]
            edge += [(step, lowest) for step, _, lowest, _ in reversed(curve.points)]
            parts.append(BAND.format(k % COLOURS, name, _points(_pixels(edge, x, y))))
    for k, curve in placed:
        points = _pixels([(step, value) for step, value, *_ in curve.points], x, y)
        colour = f"{k % COLOURS}{' dashed' * (k >= COLOURS)}"
        parts += [THIN.format(colour, name, _points(_pixels(member, x, y))) for member in curve.members]
        parts.append(LINE.format(colour, name, _points(points)))
        if len(points) < FEW:
            parts += [DOT.format(k % COLOURS, *point) for point in points if TOP <= point[1] <= HEIGHT - BOTTOM]
        if curve.level is not None and (len(levels) > 1 or k == placed[0][0]):
            own = k % COLOURS if len(levels) > 1 or len(curves) == 1 else 7  # grey, where all curves have this level
            parts.append(LEVEL.format(own, x.start, y.pixel(curve.level), x.end, y.pixel(curve.level)))
    parts.append(POINTER.format(TOP, HEIGHT - BOTTOM))
    description = f"{chart.title}: {', '.join(curve.name for curve in curves)}"
    return SVG.format(
        WIDTH, HEIGHT, description, _data(curves, x), name, LEFT, TOP, WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM,
        Markup("").join(parts),
    )  # fmt: skip


def _axes(x: Axis, y: Axis) -> list[Markup]:
    parts: list[Markup] = []
    for value in y.ticks(TICKS):
        parts.append(GRID_LINE.format(x.start, y.pixel(value), x.end, y.pixel(value)))
        parts.append(LABEL.format(x.start - 6, y.pixel(value) + 4, "end", label(value)))
    for step in x.ticks(TICKS):
        anchor = "middle" if x.pixel(step) < WIDTH - 30 else "end"
        parts.append(LABEL.format(x.pixel(step), HEIGHT - 8, anchor, f"{step:,.0f}"))
    return parts


def _pixels(values: Sequence[tuple[float, float]], x: Axis, y: Axis) -> list[tuple[float, float]]:
    return [(x.pixel(step), y.pixel(value)) for step, value in values]


def _points(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _data(curves: Sequence[Curve], x: Axis) -> str:
    """Return as JSON the values that the page's script shows when a reader points at a step."""
    values = [[[round(step), float(f"{value:.4g}")] for step, value, *_ in curve.points] for curve in curves]
    frame = {"left": x.start, "width": x.end - x.start, "first": x.low, "last": x.high, "total": WIDTH}
    return json.dumps({**frame, "curves": values}, separators=(",", ":"))
