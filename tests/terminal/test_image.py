"""Pictures as characters: which ones, in which colours."""

from __future__ import annotations

import io

from PIL import Image
from rich.console import Console
from rich.text import Text

from ganzoo.terminal import image

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def picture(*rows: list[tuple[int, int, int]]) -> Image.Image:
    made = Image.new("RGB", (len(rows[0]), len(rows)))
    for y, row in enumerate(rows):
        for x, colour in enumerate(row):
            made.putpixel((x, y), colour)
    return made


def shown(text: Text, colours: str = "truecolor") -> str:
    screen = io.StringIO()
    Console(file=screen, force_terminal=True, color_system=colours, width=20, _environ={}).print(text)  # type: ignore[arg-type]
    return screen.getvalue()


def test_two_pixels_are_one_character() -> None:
    drawn = image.render(picture([RED, GREEN], [BLUE, WHITE]))
    assert drawn.plain == "▀▀"
    assert shown(drawn) == "\x1b[38;2;255;0;0;48;2;0;0;255m▀\x1b[0m\x1b[38;2;0;255;0;48;2;255;255;255m▀\x1b[0m\n"


def test_below_an_odd_row_is_nothing() -> None:
    drawn = image.render(picture([RED], [GREEN], [BLUE]))
    assert drawn.plain == "▀\n▀"
    assert shown(drawn).splitlines()[1] == "\x1b[38;2;0;0;255m▀\x1b[0m"


def test_256_colours_are_enough() -> None:
    pixels = picture([(254, 0, 0)], [(0, 0, 254)])  # none of above: rich remembers how it wrote a style
    assert shown(image.render(pixels), "256") == "\x1b[38;5;196;48;5;21m▀\x1b[0m\n"


def test_a_grey_picture_fits_and_keeps_its_sides_ratio() -> None:
    grey = Image.new("L", (400, 200), 128)
    assert image.fit(grey, 30, 50).size == (30, 15)
    assert image.fit(grey, 300, 10).size == (40, 20)  # two pixels a line
    assert image.fit(grey, 1000, 1000).size == (400, 200)  # nothing is made larger
    assert image.fit(grey, 1, 1).size == (1, 1)
    assert image.fit(grey, 4, 4).getpixel((0, 0)) == (128, 128, 128)
