"""Plot of the losses of a run, `losses.png`, drawn with Pillow so that no plotting library is needed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any

from PIL import Image, ImageColor, ImageDraw, ImageFont

from ganzoo.runs.metrics_log import is_loss
from ganzoo.utils import atomic
from ganzoo.visualization.axes import Axis, label, padded
from ganzoo.visualization.png import to_png

WIDTH, HEIGHT, MARGIN = 900, 460, 72
POINTS = 600  # per curve at most
SMOOTHED = 15  # logged values that a point of the strong line is the mean of
LEAST = 4 * SMOOTHED  # values of a curve below which it is not smoothed
PALE = 0.7  # share of white in the colour of single values
TICKS = 8  # on each axis at most, or one more
COLOURS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#8c564b", "#17becf", "#7f7f7f")


def draw(rows: Iterable[Mapping[str, Any]], path: Path) -> None:
    """Draw the losses of logged rows to a PNG file; write no file for fewer than two rows.

    A long curve is drawn twice: its values, each of one batch, pale, and their running mean.

    Args:
        rows: Rows {"step": t, name: value, ...} of a metrics log.
        path: The file.
    """
    rows = list(rows)
    names = list(dict.fromkeys(name for row in rows for name in row if is_loss(name)))
    if len(rows) < 2 or not names:
        return
    curves = {name: [(row["step"], row[name]) for row in rows if row.get(name) is not None] for name in names}
    values = [value for curve in curves.values() for _, value in curve]
    x = Axis(rows[0]["step"], rows[-1]["step"], MARGIN, WIDTH - MARGIN)
    y = Axis(*padded(min(values), max(values)), HEIGHT - MARGIN, MARGIN)

    image = Image.new("RGB", (WIDTH, HEIGHT), "white")
    pen = ImageDraw.Draw(image)
    _draw_axes(pen, x, y)
    smoothed = {name: smooth(curve) if len(curve) >= LEAST else curve for name, curve in curves.items()}
    for k, name in enumerate(names):
        colour = ImageColor.getrgb(COLOURS[k % len(COLOURS)])
        if smoothed[name] is not curves[name]:
            pale = tuple(round(PALE * 255 + (1 - PALE) * value) for value in colour)
            pen.line(_places(curves[name], x, y), fill=pale, width=1)
    for k, name in enumerate(names):
        colour = ImageColor.getrgb(COLOURS[k % len(COLOURS)])
        pen.line(_places(smoothed[name], x, y), fill=colour, width=2)
        pen.text((MARGIN + 8 + (k % 3) * 270, 24 + (k // 3) * 16), name, fill=colour, font=_font())
    long = any(smoothed[name] is not curves[name] for name in names)
    remark = f": single batches (pale), and the mean of {SMOOTHED} logged ones" if long else ""
    pen.text((MARGIN, 4), f"Losses{remark}", fill="black", font=_font())
    atomic.write_file(path, to_png(image))


def smooth(curve: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the running mean of a curve: of SMOOTHED values around each, of fewer at either end."""
    sums = [0.0, *accumulate(value for _, value in curve)]
    smoothed = []
    for k, (step, _) in enumerate(curve):
        reach = min(SMOOTHED // 2, k, len(curve) - 1 - k)
        smoothed.append((step, (sums[k + reach + 1] - sums[k - reach]) / (2 * reach + 1)))
    return smoothed


def _draw_axes(pen: ImageDraw.ImageDraw, x: Axis, y: Axis) -> None:
    for value in y.ticks(TICKS):
        pen.line([(x.start, y.pixel(value)), (x.end, y.pixel(value))], fill="#dddddd")
        pen.text((x.start - 6, y.pixel(value)), label(value), fill="black", font=_font(), anchor="rm")
    for step in x.ticks(TICKS):
        pen.text((x.pixel(step), y.start + 8), f"{step:,.0f}", fill="black", font=_font(), anchor="ma")
    pen.text(((x.start + x.end) / 2, y.start + 28), "step", fill="black", font=_font(), anchor="ma")
    pen.text((x.start - 6, y.end - 22), "loss", fill="black", font=_font(), anchor="ra")


def _places(curve: Sequence[tuple[float, float]], x: Axis, y: Axis) -> list[tuple[float, float]]:
    """Return the pixels of at most POINTS points of a curve."""
    thinned = curve[:: max(1, -(-len(curve) // POINTS))]
    return [(x.pixel(step), y.pixel(value)) for step, value in thinned]


@cache
def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(13)
