"""Pictures one after the other as a GIF. Nothing here imports torch."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from ganzoo.errors import GanzooError
from ganzoo.utils import atomic

LARGEST = 1000  # pixels of the longer side


def save(pictures: Sequence[Image.Image], path: Path, milliseconds: int, hold: int = 0) -> Path:
    """Pictures of one size to a GIF that starts again at its end, the last one shown `hold` milliseconds longer.

    Errors: GanzooError when it cannot be written.
    """
    frames = [_indexed(fitted(picture, LARGEST)) for picture in pictures]
    times = [*[milliseconds] * (len(frames) - 1), milliseconds + hold]
    packed = io.BytesIO()
    frames[0].save(packed, "GIF", save_all=True, append_images=frames[1:], duration=times, loop=0)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic.write_file(path, packed.getvalue())
    except OSError as error:
        raise GanzooError(f"{path}: {error.strerror}. Give another place with --out.") from error
    return path


def _indexed(picture: Image.Image) -> Image.Image:
    """In at most 256 colours of its own, as a GIF has them: every shade of a grey one."""
    return picture.convert("P") if picture.mode in ("1", "L") else picture.convert("RGB").quantize(256)


def fitted(picture: Image.Image, largest: int) -> Image.Image:
    """The picture, made smaller where a side is longer than `largest` pixels."""
    scale = largest / max(picture.size)
    if scale >= 1:
        return picture
    small = picture if picture.mode in ("L", "RGB") else picture.convert("RGB")
    width, height = (max(1, round(side * scale)) for side in picture.size)
    return small.resize((width, height), Image.Resampling.BOX)


def evenly(n: int, most: int) -> list[int]:
    """At most so many of 0 ... n - 1, the first and the last among them, as far apart as can be."""
    if n <= most:
        return [*range(n)]
    return [round(i * (n - 1) / (most - 1)) for i in range(most)] if most > 1 else [n - 1]
