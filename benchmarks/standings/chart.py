"""Chart of scores against training time, as an SVG file that needs no style sheet."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

from ganzoo.visualization.axes import Axis, label

WIDTH, HEIGHT = 820, 560
LEFT, RIGHT, TOP, BOTTOM = 62, 190, 16, 44
LINE = 13  # pixels from one label to the next
COLOURS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#17becf", "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22")
STYLE = "font: 11px sans-serif"
TICKS = (1, 2, 5)  # labelled values of each power of ten

Curve = Sequence[tuple[float, float]]


def svg(curves: Mapping[str, Curve], floor: float | None, x_title: str, y_title: str) -> str:
    """Draw curves with a logarithmic vertical axis, each labelled at its right end.

    Args:
        curves: Name -> points (x, y), y > 0, in the order of the colours.
        floor: Value of a dashed horizontal line, such as the score of real samples; None for no line.
        x_title: Title of the horizontal axis.
        y_title: Title of the vertical axis.

    Returns:
        The SVG document.
    """
    values = [y for curve in curves.values() for _, y in curve] + ([floor] if floor else [])
    x = Axis(0, max(x for curve in curves.values() for x, _ in curve), LEFT, WIDTH - RIGHT)
    y = Axis(math.log10(min(values)) - 0.05, math.log10(max(values)) + 0.05, HEIGHT - BOTTOM, TOP)
    parts = [*_axes(x, y), _text((x.start + x.end) / 2, HEIGHT - 8, x_title, "middle"), _text(8, TOP - 4, y_title)]
    ends: dict[str, float] = {}
    colours = {name: COLOURS[i % len(COLOURS)] for i, name in enumerate(curves)}
    for name, curve in curves.items():
        points = [(x.pixel(seconds), y.pixel(math.log10(value))) for seconds, value in curve]
        path = " ".join(f"{px:.1f},{py:.1f}" for px, py in points)
        parts.append(f'<polyline fill="none" stroke="{colours[name]}" stroke-width="1.5" points="{path}"/>')
        parts += [f'<circle fill="{colours[name]}" cx="{px:.1f}" cy="{py:.1f}" r="2.2"/>' for px, py in points]
        ends[name] = points[-1][1]
    if floor:
        level = y.pixel(math.log10(floor))
        parts.append(_line(x.start, level, x.end, level, "#000", ' stroke-dasharray="5 4"'))
        ends["real samples"] = level
    for name, (end, place) in spread_out(ends).items():
        colour = colours.get(name, "#000")
        parts.append(_line(x.end + 3, end, x.end + 14, place, colour))
        parts.append(_text(x.end + 17, place + 4, name, colour=colour))
    frame = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" style="{STYLE}">'
    background = f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>'
    return "\n".join([frame, f"<title>{escape(y_title)}</title>", background, *parts, "</svg>\n"])


def spread_out(ends: Mapping[str, float]) -> dict[str, tuple[float, float]]:
    """Return (end of the curve, position of its label) by name; labels are at least LINE pixels apart."""
    names = sorted(ends, key=ends.__getitem__)
    lowest = HEIGHT - BOTTOM - LINE * (len(names) - 1)  # of the first label, if the last one is to fit
    places: dict[str, tuple[float, float]] = {}
    previous = -math.inf
    for i, name in enumerate(names):
        place = max(previous + LINE, min(ends[name], lowest + LINE * i))
        places[name] = ends[name], place
        previous = place
    return places


def _axes(x: Axis, y: Axis) -> list[str]:
    parts = []
    powers = range(math.floor(y.low), math.ceil(y.high) + 1)
    for value in (factor * 10.0**power for power in powers for factor in TICKS):
        if y.low <= math.log10(value) <= y.high:
            level = y.pixel(math.log10(value))
            parts += [_line(x.start, level, x.end, level, "#ddd"), _text(x.start - 6, level + 4, label(value), "end")]
    for value in x.ticks(6):
        parts += [_line(x.pixel(value), y.start, x.pixel(value), y.end, "#eee")]
        parts += [_text(x.pixel(value), y.start + 16, label(value), "middle")]
    return parts


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, more: str = "") -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"{more}/>'


def _text(x: float, y: float, text: str, anchor: str = "start", colour: str = "#333") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{escape(text)}</text>'
