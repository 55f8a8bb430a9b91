"""Poster of the league: samples of every GAN on the same data, at one scale, in the order of the table."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont, ImageOps

from standings.ranking import Row

COLUMNS = 2
SCALE = 2  # of the strips of samples
MARGIN, GAP, LABEL = 16, 24, 26  # pixels around everything, between strips, and for a name above a strip
PAPER, INK = "white", "black"
REAL = "real images"


def draw(real: bytes, rows: Sequence[Row]) -> bytes:
    """Draw a poster.

    Args:
        real: PNG of ten real images.
        rows: The rows of the league; each is shown by the picture of its first seed.

    Returns:
        A PNG: the real images first, then each GAN below its name.
    """
    pictures = [(REAL, real), *((row.name, base64.b64decode(row.cells[0]["picture"])) for row in rows)]
    strips = [(name, strip(png)) for name, png in pictures if png]
    width, height = strips[0][1].size
    down = math.ceil(len(strips) / COLUMNS)
    across, below = width + GAP, LABEL + height + MARGIN
    size = (2 * MARGIN + COLUMNS * across - GAP, 2 * MARGIN + down * below - MARGIN)
    poster = Image.new("RGB", size, PAPER)
    canvas, font = ImageDraw.Draw(poster), ImageFont.load_default(size=17)
    for i, (name, picture) in enumerate(strips):
        column, row = divmod(i, down)
        left, top = MARGIN + column * across, MARGIN + row * below
        canvas.text((left, top), name, INK, font)
        poster.paste(picture, (left, top + LABEL))
    content = io.BytesIO()
    poster.save(content, "PNG", optimize=True)
    return content.getvalue()


def strip(png: bytes) -> Image.Image:
    """Return a picture in colour, enlarged by SCALE without interpolation."""
    with Image.open(io.BytesIO(png)) as picture:
        return ImageOps.scale(picture.convert("RGB"), SCALE, Image.Resampling.NEAREST)
