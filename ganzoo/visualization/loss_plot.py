"""losses.png: what players minimise over the steps, drawn with Pillow so that no plotting library is needed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from ganzoo.runs.metrics_log import is_loss
from ganzoo.utils import atomic
from ganzoo.visualization.grid import to_png

WIDTH, HEIGHT, MARGIN = 900, 420, 56
POINTS = 600  # at most so many per curve
COLOURS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#8c564b", "#17becf", "#7f7f7f")


def draw(rows: Iterable[Mapping[str, Any]], path: Path) -> None:
    """Rows {"step": t, name: value, ...} -> a PNG. Draws nothing for fewer than two rows."""
    rows = list(rows)
    rows = rows[:: max(1, -(-len(rows) // POINTS))]
    names = list(dict.fromkeys(name for row in rows for name in row if is_loss(name)))
    if len(rows) < 2 or not names:
        return
    curves = {name: [(row["step"], row[name]) for row in rows if row.get(name) is not None] for name in names}
    values = [value for curve in curves.values() for _, value in curve]
    low, high = min(values), max(values)
    first, last = rows[0]["step"], rows[-1]["step"]

    def place(step: float, value: float) -> tuple[float, float]:
        across = (step - first) / max(1, last - first)
        up = (value - low) / max(1e-12, high - low)
        return MARGIN + across * (WIDTH - 2 * MARGIN), HEIGHT - MARGIN - up * (HEIGHT - 2 * MARGIN)

    image = Image.new("RGB", (WIDTH, HEIGHT), "white")
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(13)
    for k in range(5):
        value = low + (high - low) * k / 4
        _, y = place(first, value)
        pen.line([(MARGIN, y), (WIDTH - MARGIN, y)], fill="#dddddd")
        pen.text((4, y - 8), f"{value:.3g}", fill="black", font=font)
        step = first + (last - first) * k / 4
        pen.text((place(step, low)[0] - 12, HEIGHT - MARGIN + 8), f"{step:.0f}", fill="black", font=font)
    for k, (name, curve) in enumerate(curves.items()):
        colour = COLOURS[k % len(COLOURS)]
        pen.line([place(*point) for point in curve], fill=colour, width=2)
        pen.text((MARGIN + 8 + (k % 3) * 270, 6 + (k // 3) * 16), name, fill=colour, font=font)
    atomic.write_file(path, to_png(image))
