"""Reading of picture files as bands of numbers of the files' own depth."""

from __future__ import annotations

from dataclasses import replace
from typing import IO

import numpy as np
from PIL import Image

from ganzoo import SetupError
from ganzoo_builtins.datasets import tiff
from ganzoo_builtins.datasets.colour_profile import Use
from ganzoo_builtins.datasets.image_bands import Bands
from ganzoo_builtins.datasets.image_depth import SIXTEEN_BITS, Depth, scale_key
from ganzoo_builtins.datasets.image_metadata import transposition, upright

PNG = b"\x89PNG\r\n\x1a\n"
HEADER = 26  # bytes of a PNG up to its colour type
WITH_COLOUR_OR_ALPHA = (2, 4, 6)  # colour types of PNG whose 16 bits Pillow reduces to 8


def read_bands(file: IO[bytes], formats: tuple[str, ...], channels: int, max_pixels: int) -> Bands:
    """Read the numbers of a picture file, of 16 bits or floats, too.

    Args:
        file: The file.
        formats: Formats that Pillow may decode.
        channels: Number of channels that are wanted; see tiff.read_tiff().
        max_pixels: Number of pixels above which a picture is rejected.

    Returns:
        The numbers.

    Raises:
        ValueError: The picture has too many pixels, or a depth that cannot be read without loss.
        SetupError: The file needs the extra `depth`.
    """
    start = file.read(HEADER)
    file.seek(0)
    if start[:4] in tiff.MAGIC and (bands := tiff.read_tiff(file, channels, max_pixels)) is not None:
        return bands
    file.seek(0)
    with Image.open(file, formats=formats) as image:  # reads the header only
        if image.width * image.height > max_pixels:
            raise ValueError(f"{image.width} x {image.height} pixels are more than max_megapixels allows")
        profile: Use = "ignored" if "icc_profile" in image.info else "none"
        deep = start.startswith(PNG) and start[24] == 16 and start[25] in WITH_COLOUR_OR_ALPHA
        return replace(_deep_png(file, image) if deep else _by_pillow(image), profile=profile)


def _deep_png(file: IO[bytes], image: Image.Image) -> Bands:
    """Read a PNG of 16 bits with colour or transparency by imagecodecs: Pillow reduces it to 8 bits."""
    try:
        from imagecodecs import png_decode
    except ImportError:
        raise SetupError(
            "PNG files of 16 bits with colour or transparency, of full depth or other than 1 or 3 channels, need "
            "imagecodecs: pip install 'ganzoo-torch[depth]'"
        ) from None
    file.seek(0)
    values: np.ndarray = png_decode(file.read())  # (H, W, bands)
    key = image.info.get("transparency")
    if isinstance(key, tuple) and values.shape[2] == len(key):
        values = _with_alpha(values, (values != np.array(key)).any(axis=2), SIXTEEN_BITS)
    return Bands(values, SIXTEEN_BITS, values.shape[2] in (2, 4), method=transposition(image))


def _by_pillow(image: Image.Image) -> Bands:
    """Read a picture whose numbers Pillow keeps: grey of any depth, and all others of 8 bits."""
    depth = Depth.of(image)
    if depth.largest > 255 and not image.mode.startswith("I"):
        raise ValueError("it holds colours of 16 bits, which are lost in this format; save it as PNG or TIFF")
    frames = bool(getattr(image, "is_animated", False))
    image = upright(image)
    if image.mode.startswith("I"):
        values = np.asarray(image)[:, :, None]
        key = image.info.get("transparency")
        white = depth.largest if values.min() >= 0 and values.max() <= SIXTEEN_BITS else None
        if isinstance(key, int):
            values = _with_alpha(values, values[:, :, 0] != key, white or 1)
        return Bands(values, white, isinstance(key, int), depth.inverted, frames=frames)
    if image.mode == "F":
        return Bands(np.asarray(image)[:, :, None], None, frames=frames)
    if image.has_transparency_data:
        scale_key(image, depth)
        image = image.convert("LA" if image.mode in ("L", "LA", "La", "1") else "RGBA")
    elif image.mode not in ("L", "RGB"):
        image = image.convert("L" if image.mode == "1" else "RGB")
    values = np.asarray(image)
    if values.ndim == 3:
        return Bands(values, 255, image.mode in ("LA", "RGBA"), frames=frames)
    return Bands(
        values[:, :, None] // (255 // depth.largest), depth.largest, frames=frames
    )  # Pillow scaled 1 to 4 bits


def _with_alpha(values: np.ndarray, visible: np.ndarray, opaque: int) -> np.ndarray:
    """Append a band of transparency, which is `opaque` where pixels are visible (H, W)."""
    return np.concatenate([values, (visible[:, :, None] * opaque).astype(values.dtype)], axis=2)
