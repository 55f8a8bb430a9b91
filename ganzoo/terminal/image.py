"""Pictures in a terminal, by half-block characters: one character shows two pixels, one above the other."""

from __future__ import annotations

from PIL import Image
from rich.color import Color
from rich.console import Console, ConsoleOptions
from rich.style import Style
from rich.text import Text

COLOURS = ("256", "truecolor")  # colour systems of rich that can show a picture
UPPER_HALF = "▀"  # its upper half has the colour of the text, its lower half that of the background


def render(picture: Image.Image) -> Text:
    """Convert a picture to characters.

    Args:
        picture: The picture, W x H pixels.

    Returns:
        H / 2 lines of W characters, rounded up; below an odd last row the background stays as it is.
    """
    picture = picture.convert("RGB")
    lines = [
        Text.assemble(*((UPPER_HALF, _style(picture, x, y)) for x in range(picture.width)), end="")
        for y in range(0, picture.height, 2)
    ]
    return Text("\n", end="", no_wrap=True).join(lines)


def fit(picture: Image.Image, columns: int, lines: int) -> Image.Image:
    """Shrink a picture for render().

    Args:
        picture: The picture; a small one is not enlarged.
        columns: Largest number of characters in a line.
        lines: Largest number of lines.

    Returns:
        The picture in RGB, with its aspect ratio.
    """
    factor = min(1.0, columns / picture.width, 2 * lines / picture.height)
    size = max(1, int(picture.width * factor)), max(1, int(picture.height * factor))
    return picture.convert("RGB").resize(size, Image.Resampling.BOX)


def can_show(console: Console, options: ConsoleOptions) -> bool:
    """Return True when a terminal has the colours and the characters for a picture."""
    return console.color_system in COLOURS and not console.no_color and not options.ascii_only


def _style(picture: Image.Image, x: int, y: int) -> Style:
    below = _colour(picture, x, y + 1) if y + 1 < picture.height else None
    return Style(color=_colour(picture, x, y), bgcolor=below)


def _colour(picture: Image.Image, x: int, y: int) -> Color:
    red, green, blue = picture.getpixel((x, y))  # type: ignore[misc]
    return Color.from_rgb(red, green, blue)
