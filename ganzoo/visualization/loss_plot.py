"""Plot of the losses of a run, `losses.png`, drawn with Pillow so that no plotting library is needed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from ganzoo.runs.metrics_log import is_loss
from ganzoo.utils import atomic
from ganzoo.visualization.axes import Axis, label, padded
from ganzoo.visualization.grid import to_png

WIDTH, HEIGHT, MARGIN = 900, 420, 56
POINTS = 600  # per curve at most
TICKS = 8  # on each axis at most, or one more
COLOURS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#8c564b", "#17becf", "#7f7f7f")


def draw(rows: Iterable[Mapping[str, Any]], path: Path) -> None:
    """Draw the losses of logged rows to a PNG file; write no file for fewer than two rows.

    Args:
        rows: Rows {"step": t, name: value, ...} of a metrics log.
        path: The file.
    """
    rows = list(rows)
    rows = rows[:: max(1, -(-len(rows) // POINTS))]
    names = list(dict.fromkeys(name for row in rows for name in row if is_loss(name)))
    if len(rows) < 2 or not names:
        return
    curves = {name: [(row["step"], row[name]) for row in rows if row.get(name) is not None] for name in names}
    values = [value for curve in curves.values() for _, value in curve]
    x = Axis(rows[0]["step"], rows[-1]["step"], MARGIN, WIDTH - MARGIN)
    y = Axis(*padded(min(values), max(values)), HEIGHT - MARGIN, MARGIN)

    image = Image.new("RGB", (WIDTH, HEIGHT), "white")
    pen = ImageDraw.Draw(image)
    font = ImageFont.load_default(13)
    for value in y.ticks(TICKS):
        pen.line([(x.start, y.pixel(value)), (x.end, y.pixel(value))], fill="#dddddd")
        pen.text((4, y.pixel(value) - 8), label(value), fill="black", font=font)
    for step in x.ticks(TICKS):
        pen.text((x.pixel(step), y.start + 8), f"{step:,.0f}", fill="black", font=font, anchor="ma")
    for k, (name, curve) in enumerate(curves.items()):
        colour = COLOURS[k % len(COLOURS)]
        pen.line([(x.pixel(step), y.pixel(value)) for step, value in curve], fill=colour, width=2)
        pen.text((MARGIN + 8 + (k % 3) * 270, 6 + (k // 3) * 16), name, fill=colour, font=font)
    atomic.write_file(path, to_png(image))
