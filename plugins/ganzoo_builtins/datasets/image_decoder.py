"""Decoding of image files to squares of uint8, with support for 16 bits and transparency."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from ganzoo import DataError

SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")  # whatever the suffix; PostScript is not decoded
FILTER = Image.Resampling.BICUBIC  # Pillow's filters are antialiased

Fit = Literal["crop", "pad", "stretch"]


class Traits(NamedTuple):
    """Properties of an image file.

    Attributes:
        grey: The image is grey.
        frames: The file has more than one frame.
        height: Height in pixels.
        width: Width in pixels.
    """

    grey: bool
    frames: bool
    height: int
    width: int


@dataclass(frozen=True)
class ImageDecoder:
    """Decodes image files.

    Attributes:
        size: Side of the squares.
        channels: 3 for colour, 1 for grey.
        fit: "crop" cuts out the central square, "pad" adds background, "stretch" changes the aspect ratio.
        background: Colour (red, green, blue) for padding and transparent pixels.
        max_pixels: Number of pixels above which an image is rejected.
    """

    size: int
    channels: int
    fit: Fit
    background: tuple[int, int, int]
    max_pixels: int

    def __call__(self, path: Path) -> tuple[Tensor, Traits]:
        """Decode one file.

        Args:
            path: The file.

        Returns:
            The image (channels, size, size), uint8, and the properties of the file.

        Raises:
            DataError: The file cannot be decoded.
        """
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own limit is below
                image = Image.open(path, formats=FORMATS)  # reads the header only
            with image:
                if image.width * image.height > self.max_pixels:
                    raise ValueError(f"{image.width} x {image.height} pixels are more than max_megapixels allows")
                grey = image.mode.startswith(("1", "L", "I"))
                return self._tensor(self._fitted(self._opaque(image))), Traits(
                    grey, _has_frames(image), image.height, image.width
                )
        except UnidentifiedImageError as error:
            raise self._error(path, f"it is empty, damaged, or not one of {', '.join(FORMATS)}") from error
        except Exception as error:  # Pillow raises many types of errors for damaged files
            raise self._error(path, str(error)) from error

    def _error(self, path: Path, reason: str) -> DataError:
        return DataError(f'cannot read {path}: {reason}. Mend it, remove it, or set bad_images = "skip".')

    def _opaque(self, image: Image.Image) -> Image.Image:
        """Convert any mode to RGB, rotate according to EXIF, and fill transparent pixels with the background."""
        image = _eight_bits(ImageOps.exif_transpose(image))
        if image.has_transparency_data:
            image = image.convert("RGBA")
            image = Image.alpha_composite(Image.new("RGBA", image.size, self.background), image)
        return image.convert("RGB")

    def _fitted(self, image: Image.Image) -> Image.Image:
        square = (self.size, self.size)
        if self.fit == "crop":
            return ImageOps.fit(image, square, FILTER)
        if self.fit == "pad":
            return ImageOps.pad(image, square, FILTER, color=self.background)
        return image.resize(square, FILTER)

    def _tensor(self, image: Image.Image) -> Tensor:
        array = np.array(image.convert("L" if self.channels == 1 else "RGB"))  # (size, size) or (size, size, 3)
        return torch.from_numpy(array).view(self.size, self.size, self.channels).permute(2, 0, 1).contiguous()


def _eight_bits(image: Image.Image) -> Image.Image:
    """Scale 16-bit grey to 8 bits; Pillow's conversion makes every value above 255 white."""
    if image.mode == "F":
        raise ValueError("it holds floating-point numbers, whose range is unknown; save it with 8 or 16 bits")
    if not image.mode.startswith("I"):
        return image
    values = np.asarray(image)
    if values.min() < 0 or values.max() > 65535:
        raise ValueError("it holds numbers beyond 16 bits, whose range is unknown; save it with 8 or 16 bits")
    return Image.fromarray(_scaled()[values])


@cache
def _scaled() -> np.ndarray:
    """Return the 8-bit value of each 16-bit number, (65536,): arithmetic on 64 megapixels would need gigabytes."""
    return ((np.arange(65536) + 128) // 257).astype(np.uint8)


def _has_frames(image: Image.Image) -> bool:
    try:
        return bool(getattr(image, "is_animated", False))
    except Exception:  # the image itself could be read; errors in the rest of the file do not matter
        return False
