"""The sample grids of a run, which are made from the same noise, as an animation or side by side. Imports no torch."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from ganzoo.errors import RunError
from ganzoo.runs import layout
from ganzoo.utils import atomic, output, regular
from ganzoo.visualization import gif, mp4, png
from ganzoo.visualization.joining import side_by_side

MOST = 120  # frames
BESIDE = 4  # grids in a picture, unless their steps are given
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


def save_beside(run: Path, path: Path, steps: Sequence[int] = ()) -> Path:
    """Write sample grids of a run, each below its step, side by side to a picture file.

    Args:
        run: A run folder.
        path: The file.
        steps: The steps to show; by default four, evenly spaced, with the first and the last.

    Returns:
        The path of the file.

    Raises:
        RunError: The run has no grid of one of the steps, or one cannot be read.
    """
    saved = _saved_grids(run)
    if missing := [f"{step:,}" for step in steps if step not in dict(saved)]:
        some = ", ".join(f"{step:,}" for step, _ in thinned(saved, 2 * BESIDE))
        raise RunError(f"{run}: no grid of step {', '.join(missing)}. There are grids of steps {some}, among others.")
    shown = [(step, dict(saved)[step]) for step in steps] or thinned(saved, BESIDE)
    frames = _frames(shown, saved[-1][0])
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic.write_file(path, png.to_png(side_by_side(*frames)))
    except OSError as error:
        raise output.unwritable(path, error) from error
    return path


def save(run: Path, path: Path, force: bool = False) -> Path:
    """Write the sample grids of a run, each with its step, to a GIF file, or to an MP4 file if its name ends in .mp4.

    Args:
        run: A run folder.
        path: The file.
        force: Replace an existing .mp4; a GIF always is.

    Returns:
        The path of the file.

    Raises:
        RunError: The run has no grids, or one cannot be read.
    """
    shown = thinned(_saved_grids(run), MOST)
    frames = _frames(shown, shown[-1][0])
    width, height = (max(frame.size[k] for frame in frames) for k in (0, 1))
    extended = [_extended(frame, width, height) for frame in frames]
    if path.suffix.lower() == ".mp4":
        return mp4.save(extended, path, MILLISECONDS, HOLD, force)
    return gif.save(extended, path, MILLISECONDS, HOLD)


def _saved_grids(run: Path) -> list[tuple[int, Path]]:
    saved = grids(run / layout.SAMPLES)
    if not saved:
        texts = "; samples of token ids are texts" if grids(run / layout.SAMPLES, "txt") else ""
        raise RunError(
            f"{run}: no grids samples/step-*.png to animate{texts}. `run.sample` sets how often one is saved."
        )
    return saved


def _frames(shown: Sequence[tuple[int, Path]], last: int) -> list[Image.Image]:
    """Return the grids, each below its step and a bar that ends at the step `last`."""
    frames = []
    for step, grid in shown:
        try:
            with regular.open_file(grid) as file, Image.open(file) as opened:
                frames.append(_labelled(gif.reduced(opened.copy(), gif.LARGEST - STRIP), step, last))
        except OSError as error:
            raise RunError(f"{grid}: cannot be read: {error}. Remove it, or use another run.") from error
    return frames


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
