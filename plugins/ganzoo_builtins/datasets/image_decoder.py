"""Decoding of image files to squares of uint8, as a viewer shows them: colour profiles, any depth, transparency."""

from __future__ import annotations

import contextlib
import ctypes
import io
import logging
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError, _imaging, features
from torch import Tensor

from ganzoo import DataError, pointer_remedy
from ganzoo_builtins.datasets.colour_profile import Use, to_srgb
from ganzoo_builtins.datasets.image_depth import Depth, eight_bits, largest_number
from ganzoo_builtins.datasets.image_metadata import stripped, upright

AVIF = "avif" in features.get_supported()  # a Pillow that was built without libavif reads none
FORMATS = (*(("AVIF",) if AVIF else ()), "BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
"""Decoded formats, whatever the suffix of a file; PostScript is none of them."""
SUFFIXES = (*((".avif",) if AVIF else ()), ".bmp", ".gif", ".jfif", ".jpe", ".jpeg", ".jpg", ".pbm", ".pgm", ".png")
SUFFIXES += (".pnm", ".ppm", ".tif", ".tiff", ".webp")
FILTER = Image.Resampling.BICUBIC  # Pillow's filters are antialiased
LARGEST_FILE = 2**28  # bytes of a file that is read again without its metadata

Fit = Literal["crop", "pad", "stretch"]
Whole = Literal["none"]


class Traits(NamedTuple):
    """Properties of an image file.

    Attributes:
        grey: The image is grey.
        frames: The file has more than one frame.
        height: Height in pixels.
        width: Width in pixels.
        profile: What became of its colour profile.
        largest: Largest number in grey of more than 8 bits; None for other images.
        declared: Largest number that the file declares to hold.
    """

    grey: bool
    frames: bool
    height: int
    width: int
    profile: Use
    largest: int | None
    declared: int


@dataclass(frozen=True)
class ImageDecoder:
    """Decodes image files.

    Attributes:
        size: Side of the squares.
        channels: 3 for colour, 1 for grey.
        fit: "crop" cuts out the central square, "pad" adds background, "stretch" changes the aspect ratio, and "none"
            leaves pictures in their own size.
        background: Colour (red, green, blue) for padding and transparent pixels.
        max_pixels: Number of pixels above which an image is rejected.
        white: The number that is white, if it is less than the file declares; None to believe the file.
        remedy: End of the message about a file that cannot be decoded.
    """

    size: int
    channels: int
    fit: Fit | Whole
    background: tuple[int, int, int]
    max_pixels: int
    white: int | None = None
    remedy: str = "Mend it or remove it."

    def __call__(self, path: Path) -> tuple[Tensor, Traits]:
        """Decode one file.

        Args:
            path: The file.

        Returns:
            The image (channels, size, size), uint8, and the properties of the file; (channels, height, width) if `fit`
            is "none".

        Raises:
            DataError: The file cannot be decoded.
        """
        try:
            with _quiet():
                return self._decoded(path)
        except UnidentifiedImageError as error:
            raise self._error(path, f"it is empty, damaged, or not one of {', '.join(FORMATS)}") from error
        except Exception as error:  # Pillow raises many types of errors for damaged files
            raise self._error(path, str(error) or type(error).__name__) from error

    def _error(self, path: Path, reason: str) -> DataError:
        if pointer := pointer_remedy(path):
            return DataError(f"cannot read {path}: {pointer}.")
        return DataError(f"cannot read {path}: {reason.rstrip('.')}. {self.remedy}")

    def _decoded(self, path: Path) -> tuple[Tensor, Traits]:
        """Decode a file; if that fails, decode it without its metadata, which may be all that is damaged."""
        try:
            # Not by its name: Pillow would map an uncompressed TIFF into memory, and mix up width and height of some.
            with path.open("rb") as file, Image.open(file, formats=FORMATS) as image:  # reads the header only
                return self._converted(image)
        except Exception:
            copy = stripped(path.read_bytes()) if path.stat().st_size <= LARGEST_FILE else None
            if copy is None:
                raise
            with contextlib.suppress(Exception), Image.open(io.BytesIO(copy.data), formats=FORMATS) as image:
                image.info.update(copy.info)
                return self._converted(image)
            raise

    def _converted(self, image: Image.Image) -> tuple[Tensor, Traits]:
        if image.width * image.height > self.max_pixels:
            raise ValueError(f"{image.width} x {image.height} pixels are more than max_megapixels allows")
        grey = image.mode in ("1", "L", "LA", "La") or image.mode.startswith("I")
        height, width = image.height, image.width
        depth = Depth.of(image)
        turned = upright(image)
        largest = largest_number(turned)
        colours = eight_bits(turned, depth, self.white)
        profile: Use = "none"
        if "icc_profile" in image.info:
            colours, profile = to_srgb(colours, image.info["icc_profile"], grey)
        x = self._tensor(self._fitted(self._opaque(colours)))
        return x, Traits(grey, _has_frames(image), height, width, profile, largest, depth.largest)

    def _opaque(self, image: Image.Image) -> Image.Image:
        """Fill transparent pixels with the background, and convert any mode to RGB."""
        if image.has_transparency_data:
            image = image.convert("RGBA")
            image = Image.alpha_composite(Image.new("RGBA", image.size, self.background), image)
        return image.convert("RGB")

    def _fitted(self, image: Image.Image) -> Image.Image:
        square = (self.size, self.size)
        if self.fit == "none":
            return image
        if self.fit == "crop":
            return ImageOps.fit(image, square, FILTER)
        if self.fit == "pad":
            image = self._thickened(image)
            return ImageOps.pad(image, square, FILTER, color=self.background)
        return image.resize(square, FILTER)

    def _thickened(self, image: Image.Image) -> Image.Image:
        """Shrink a picture that is too narrow to pad, in one step: its short side would round to 0 pixels."""
        width, height = image.size
        if round(min(image.size) / max(image.size) * self.size) > 0:
            return image
        return image.resize((self.size, 1) if width > height else (1, self.size), FILTER)

    def _tensor(self, image: Image.Image) -> Tensor:
        array = np.array(image.convert("L" if self.channels == 1 else "RGB"))  # (size, size) or (size, size, 3)
        return torch.from_numpy(array).view(*array.shape[:2], self.channels).permute(2, 0, 1).contiguous()


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep Pillow and libtiff from writing to stderr, where they name no file; errors are raised as before."""
    _silence_libtiff()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@cache
def _silence_libtiff() -> None:
    with contextlib.suppress(AttributeError, OSError):  # a Pillow without libtiff, or with it inside
        ctypes.CDLL(_imaging.__file__).TIFFSetErrorHandler(None)
    logging.getLogger("PIL").addHandler(logging.NullHandler())


def _has_frames(image: Image.Image) -> bool:
    try:
        return bool(getattr(image, "is_animated", False))
    except Exception:  # the image itself could be read; errors in the rest of the file do not matter
        return False
