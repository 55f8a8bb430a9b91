"""Small preview of a file of samples in a terminal."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from PIL import Image

from ganzoo.terminal import image
from ganzoo.terminal.console import Console
from ganzoo.visualization.joining import side_by_side

LINES = 20  # largest number of lines of a preview
SMALLEST = 14  # pixels of a sample, unless it has fewer; as many samples are shown as fit
LARGEST = 28
TEXTS = 5  # lines of a text
SAMPLES = 20  # files of a folder


def show(path: Path, columns: int) -> None:
    """Show the first samples of a file or folder on stdout, if that is a terminal that can show them.

    Args:
        path: A .png grid, a .txt, or a folder of PNG files; others are not shown.
        columns: Columns of a grid; 0 for a plot.
    """
    console = Console(highlight=False)
    if not console.is_terminal:
        return
    if path.suffix == ".txt":
        with path.open(encoding="utf-8", errors="replace") as text:
            for line in islice(text, TEXTS):
                console.print(f"  {line.rstrip()}", markup=False, no_wrap=True, overflow="ellipsis")
    elif image.can_show(console, console.options):
        files = [*islice(sorted(path.glob("*.png")), SAMPLES)] if path.is_dir() else [path]
        pictures = [_read(file) for file in files if file.suffix.lower() == ".png"]
        if pictures:
            columns = len(pictures) if path.is_dir() else columns
            lines = max(1, min(LINES, console.height - 4))
            console.print(image.render(first_samples(side_by_side(*pictures, gap=0), columns, console.width, lines)))


def first_samples(picture: Image.Image, columns: int, width: int, lines: int) -> Image.Image:
    """Return the upper left part of a grid, so small that it fits, and with samples that can still be recognized.

    Args:
        picture: The grid, or a plot.
        columns: Columns of the grid; 0 for a plot, which is shown whole.
        width: Characters of a line.
        lines: Lines.

    Returns:
        A picture of at most `width` x 2 `lines` pixels.
    """
    if columns:
        cell = picture.width // columns
        side = min(cell, LARGEST, max(SMALLEST, width // columns))  # of a sample, in the pixels of the terminal
        across, down = max(1, width // side), max(1, 2 * lines // side)
        picture = picture.crop((0, 0, min(columns, across) * cell, min(picture.height, down * cell)))
        width = min(width, side * min(columns, across))
    return image.fit(picture, width, lines)


def _read(file: Path) -> Image.Image:
    with Image.open(file) as opened:
        return opened.convert("RGB")
