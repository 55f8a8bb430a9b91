"""GIF animations. This module imports no torch."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from ganzoo.errors import GanzooError
from ganzoo.utils import atomic
from ganzoo.utils.output import OWNER

LARGEST = 1000  # pixels of the longer side


def save(pictures: Sequence[Image.Image], path: Path, milliseconds: int, hold: int = 0) -> Path:
    """Write pictures of one size to a GIF file that repeats.

    Args:
        pictures: The frames, reduced to LARGEST pixels if necessary.
        path: The file; its folder is created if necessary.
        milliseconds: Duration of a frame.
        hold: Further milliseconds for the last frame.

    Returns:
        The path of the file.

    Raises:
        GanzooError: The file cannot be written.
    """
    frames = [_indexed(reduced(picture, LARGEST)) for picture in pictures]
    times = [*[milliseconds] * (len(frames) - 1), milliseconds + hold]
    content = io.BytesIO()
    frames[0].save(
        content, "GIF", save_all=True, append_images=frames[1:], duration=times, loop=0, comment=OWNER.encode()
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic.write_file(path, content.getvalue())
    except OSError as error:
        raise GanzooError(f"{path}: {error.strerror}. Give another place with --out.") from error
    return path


def _indexed(picture: Image.Image) -> Image.Image:
    """Convert a picture to a palette of at most 256 colours, as GIF requires; grey pictures keep all shades."""
    return picture.convert("P") if picture.mode in ("1", "L") else picture.convert("RGB").quantize(256)


def reduced(picture: Image.Image, largest: int) -> Image.Image:
    """Return the picture, scaled down if a side is longer than `largest` pixels."""
    scale = largest / max(picture.size)
    if scale >= 1:
        return picture
    small = picture if picture.mode in ("L", "RGB") else picture.convert("RGB")
    width, height = (max(1, round(side * scale)) for side in picture.size)
    return small.resize((width, height), Image.Resampling.BOX)


def evenly_spaced(n: int, most: int) -> list[int]:
    """Return at most `most` evenly spaced numbers from 0 to n - 1, with the first and the last."""
    if n <= most:
        return [*range(n)]
    return [round(i * (n - 1) / (most - 1)) for i in range(most)] if most > 1 else [n - 1]
