"""How samples of the same noise changed while a run trained: its grids as an animation. Nothing here imports torch."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from ganzoo.errors import RunError
from ganzoo.runs import layout
from ganzoo.visualization import gif

MOST = 120  # frames
MILLISECONDS, HOLD = 120, 2000  # of a frame, and how much longer the last one stays
STRIP = 20  # pixels for the step above a grid


def grids(samples: Path, ending: str = "png") -> list[tuple[int, Path]]:
    """The grids step-N.png in a run's folder of samples, or the texts step-N.txt, by their step."""
    found = [(re.fullmatch(rf"step-(\d+)\.{ending}", path.name), path) for path in samples.glob(f"step-*.{ending}")]
    return sorted((int(match[1]), path) for match, path in found if match)


def chosen(grids: Sequence[tuple[int, Path]], most: int) -> list[tuple[int, Path]]:
    """At most so many of them, evenly spread, the first and the last among them."""
    return [grids[i] for i in gif.evenly(len(grids), most)]


def save(run: Path, path: Path) -> Path:
    """A GIF of the grids of a run folder, each with its step. Errors: RunError for a run that has none."""
    found = chosen(grids(run / layout.SAMPLES), MOST)
    if not found:
        other = "; samples of token ids are texts" if grids(run / layout.SAMPLES, "txt") else ""
        raise RunError(
            f"{run}: no grids samples/step-*.png to animate{other}. `run.sample` says how often one is drawn."
        )
    last, frames = found[-1][0], []
    for step, grid in found:
        try:
            with Image.open(grid) as opened:
                frames.append(_labelled(gif.fitted(opened.copy(), gif.LARGEST - STRIP), step, last))
        except OSError as error:
            raise RunError(f"{grid}: cannot be read: {error}. Remove it, or use another run.") from error
    width, height = (max(frame.size[k] for frame in frames) for k in (0, 1))
    return gif.save([_on(frame, width, height) for frame in frames], path, MILLISECONDS, HOLD)


def _labelled(picture: Image.Image, step: int, last: int) -> Image.Image:
    """The picture below a strip with its step and, as a line, how much of the way that is."""
    mode = "L" if picture.mode in ("1", "L") else "RGB"
    frame = Image.new(mode, (max(picture.width, 90), picture.height + STRIP), "white")
    frame.paste(picture.convert(mode), (0, STRIP))
    pen = ImageDraw.Draw(frame)
    pen.text((4, 1), f"step {step:,}", fill="black", font=ImageFont.load_default(13))
    pen.rectangle((0, STRIP - 2, round(frame.width * step / max(1, last)), STRIP - 1), fill="grey")
    return frame


def _on(picture: Image.Image, width: int, height: int) -> Image.Image:
    """The picture on a white one of this size: all frames of a GIF are alike."""
    if picture.size == (width, height):
        return picture
    whole = Image.new(picture.mode, (width, height), "white")
    whole.paste(picture, (0, 0))
    return whole
