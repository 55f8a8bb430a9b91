"""Any picture file as a small square of uint8: damaged ones refused, 16 bits and transparency treated right."""

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
FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")  # whatever the suffix says: no PostScript, for one
FILTER = Image.Resampling.BICUBIC  # Pillow's filters widen when they shrink, so nothing aliases

Fit = Literal["crop", "pad", "stretch"]


class Traits(NamedTuple):
    """What a picture was before it was decoded. frames: it holds more than one."""

    grey: bool
    frames: bool


@dataclass(frozen=True)
class ImageDecoder:
    """Reads one file. The settings are those of `folder`, with background as (red, green, blue)."""

    size: int
    channels: int
    fit: Fit
    background: tuple[int, int, int]
    max_pixels: int

    def __call__(self, path: Path) -> tuple[Tensor, Traits]:
        """A file -> uint8 (channels, size, size). Errors: DataError naming the file and what is wrong with it."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own limit is below
                image = Image.open(path, formats=FORMATS)  # reads the header only
            with image:
                if image.width * image.height > self.max_pixels:
                    raise ValueError(f"{image.width} x {image.height} pixels are more than max_megapixels allows")
                grey = image.mode.startswith(("1", "L", "I"))
                return self._tensor(self._fitted(self._opaque(image))), Traits(grey, _has_frames(image))
        except UnidentifiedImageError as error:
            raise self._refusal(path, f"it is empty, damaged, or not one of {', '.join(FORMATS)}") from error
        except Exception as error:  # Pillow raises almost anything over a damaged file
            raise self._refusal(path, str(error)) from error

    def _refusal(self, path: Path, reason: str) -> DataError:
        return DataError(f'cannot read {path}: {reason}. Mend it, remove it, or set bad_images = "skip".')

    def _opaque(self, image: Image.Image) -> Image.Image:
        """Any mode -> RGB, upright, whatever was transparent showing the background."""
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
    """16-bit grey scaled to 8 bits; Pillow's own conversion turns everything above 255 white."""
    if image.mode == "F":
        raise ValueError("it holds floating-point numbers, of which white is unknown; save it with 8 or 16 bits")
    if not image.mode.startswith("I"):
        return image
    values = np.asarray(image)
    if values.min() < 0 or values.max() > 65535:
        raise ValueError("it holds numbers beyond 16 bits, of which white is unknown; save it with 8 or 16 bits")
    return Image.fromarray(_scaled()[values])


@cache
def _scaled() -> np.ndarray:
    """(65536,): each 16-bit number in 8 bits. A table, because arithmetic on 64 megapixels takes gigabytes."""
    return ((np.arange(65536) + 128) // 257).astype(np.uint8)


def _has_frames(image: Image.Image) -> bool:
    try:
        return bool(getattr(image, "is_animated", False))
    except Exception:  # the picture itself is read; whatever is wrong with the rest of the file does not matter
        return False
