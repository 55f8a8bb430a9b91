"""A picture in a terminal: two pixels a character, one above the other."""

from __future__ import annotations

from PIL import Image
from rich.color import Color
from rich.style import Style
from rich.text import Text

UPPER = "▀"  # the upper half in the colour of the text, the lower one in that of the background


def draw(picture: Image.Image) -> Text:
    """A picture of W x H pixels -> H / 2 lines of W characters, rounded up. Below an odd last row is nothing."""
    picture = picture.convert("RGB")
    lines = [
        Text.assemble(*((UPPER, _style(picture, x, y)) for x in range(picture.width)), end="")
        for y in range(0, picture.height, 2)
    ]
    return Text("\n", end="", no_wrap=True).join(lines)


def fit(picture: Image.Image, columns: int, lines: int) -> Image.Image:
    """Smaller, if need be, so that it takes so many characters at most; its sides keep their ratio."""
    factor = min(1.0, columns / picture.width, 2 * lines / picture.height)
    size = max(1, int(picture.width * factor)), max(1, int(picture.height * factor))
    return picture.convert("RGB").resize(size, Image.Resampling.BOX)


def _style(picture: Image.Image, x: int, y: int) -> Style:
    below = _colour(picture, x, y + 1) if y + 1 < picture.height else None
    return Style(color=_colour(picture, x, y), bgcolor=below)


def _colour(picture: Image.Image, x: int, y: int) -> Color:
    red, green, blue = picture.getpixel((x, y))  # type: ignore[misc]
    return Color.from_rgb(red, green, blue)
