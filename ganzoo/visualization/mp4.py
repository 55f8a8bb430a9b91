"""MP4 videos, written with PyAV, which is optional. This module imports no torch."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from PIL import Image

from ganzoo.errors import SetupError
from ganzoo.utils import output
from ganzoo.visualization.gif import LARGEST, reduced

SMALLEST = 384  # pixels of the longer side, to which small frames are enlarged: codecs blur single pixels
QUALITY = "15"  # constant rate factor of H.264: 0 is lossless, 23 the default


def check() -> None:
    """Check that videos can be written.

    Raises:
        SetupError: PyAV is not installed.
    """
    if importlib.util.find_spec("av") is None:
        raise SetupError("an .mp4 needs PyAV, which is not installed: pip install 'ganzoo-torch[video]'")


def save(pictures: Sequence[Image.Image], path: Path, milliseconds: int, hold: int = 0, force: bool = False) -> Path:
    """Write pictures of one size to an MP4 file, which every browser plays.

    Args:
        pictures: The frames, enlarged by a whole number or reduced to LARGEST pixels if necessary.
        path: The file; its folder is created if necessary.
        milliseconds: Duration of a frame.
        hold: Further milliseconds for the last frame.
        force: Replace an existing file.

    Returns:
        The path of the file.

    Raises:
        GanzooError: The file exists or cannot be written.
        SetupError: PyAV is not installed.
    """
    check()
    import av

    frames = [_even(_enlarged(reduced(picture, LARGEST))) for picture in pictures]
    frames += [frames[-1]] * round(hold / milliseconds)
    with output.new_file(path, force) as place, av.open(str(place.partial), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=Fraction(1000, milliseconds), options={"crf": QUALITY})
        stream.width = frames[0].width
        stream.height = frames[0].height
        stream.pix_fmt = "yuv420p"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_image(frame)))
        container.mux(stream.encode(None))
    return place.path


def _enlarged(picture: Image.Image) -> Image.Image:
    """Return the picture, its pixels repeated if both sides are shorter than SMALLEST."""
    times = -(-SMALLEST // max(picture.size))
    return picture.convert("RGB").resize((times * picture.width, times * picture.height), Image.Resampling.NEAREST)


def _even(picture: Image.Image) -> Image.Image:
    """Return the picture with a white line added to a side of an odd number of pixels, which the format cannot have."""
    width, height = (side + side % 2 for side in picture.size)
    if (width, height) == picture.size:
        return picture
    canvas = Image.new("RGB", (width, height), "white")
    canvas.paste(picture, (0, 0))
    return canvas
