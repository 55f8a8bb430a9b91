"""Animation of the sample grids of a run, which are made from the same noise. This module imports no torch."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from ganzoo.errors import RunError
from ganzoo.runs import layout
from ganzoo.visualization import gif

MOST = 120  # frames
MILLISECONDS, HOLD = 120, 2000  # of a frame, and further ones for the last
STRIP = 20  # pixels above a grid for its step


def grids(samples: Path, ending: str = "png") -> list[tuple[int, Path]]:
    """Find the sample grids step-N.png in a folder.

    Args:
        samples: The folder of samples of a run.
        ending: "txt" for the texts that take the place of grids where samples are token ids.

    Returns:
        Steps and paths, in order of steps.
    """
    paths = [(re.fullmatch(rf"step-(\d+)\.{ending}", path.name), path) for path in samples.glob(f"step-*.{ending}")]
    return sorted((int(match[1]), path) for match, path in paths if match)


def thinned(grids: Sequence[tuple[int, Path]], most: int) -> list[tuple[int, Path]]:
    """Return at most `most` of the grids, evenly spaced, with the first and the last."""
    return [grids[i] for i in gif.evenly_spaced(len(grids), most)]


def save(run: Path, path: Path) -> Path:
    """Write the sample grids of a run, each with its step, to a GIF file.

    Args:
        run: A run folder.
        path: The file.

    Returns:
        The path of the file.

    Raises:
        RunError: The run has no grids, or one cannot be read.
    """
    shown = thinned(grids(run / layout.SAMPLES), MOST)
    if not shown:
        texts = "; samples of token ids are texts" if grids(run / layout.SAMPLES, "txt") else ""
        raise RunError(
            f"{run}: no grids samples/step-*.png to animate{texts}. `run.sample` sets how often one is saved."
        )
    last = shown[-1][0]
    frames = []
    for step, grid in shown:
        try:
            with Image.open(grid) as opened:
                frames.append(_labelled(gif.reduced(opened.copy(), gif.LARGEST - STRIP), step, last))
        except OSError as error:
            raise RunError(f"{grid}: cannot be read: {error}. Remove it, or use another run.") from error
    width, height = (max(frame.size[k] for frame in frames) for k in (0, 1))
    return gif.save([_extended(frame, width, height) for frame in frames], path, MILLISECONDS, HOLD)


def _labelled(picture: Image.Image, step: int, last: int) -> Image.Image:
    """Return the picture below a strip with its step and a progress bar."""
    mode = "L" if picture.mode in ("1", "L") else "RGB"
    frame = Image.new(mode, (max(picture.width, 90), picture.height + STRIP), "white")
    frame.paste(picture.convert(mode), (0, STRIP))
    pen = ImageDraw.Draw(frame)
    pen.text((4, 1), f"step {step:,}", fill="black", font=ImageFont.load_default(13))
    pen.rectangle((0, STRIP - 2, round(frame.width * step / max(1, last)), STRIP - 1), fill="grey")
    return frame


def _extended(picture: Image.Image, width: int, height: int) -> Image.Image:
    """Return the picture on a white canvas of this size, because all frames of a GIF have the same."""
    if picture.size == (width, height):
        return picture
    canvas = Image.new(picture.mode, (width, height), "white")
    canvas.paste(picture, (0, 0))
    return canvas
