"""Decoding of image files to one size: as a viewer shows them, with 8 bits, or their numbers without loss."""

from __future__ import annotations

import contextlib
import ctypes
import io
import logging
import math
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Any, Literal, NamedTuple

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError, _imaging, features
from torch import Tensor

from ganzoo import DataError, GanzooError, SetupError, pointer_remedy
from ganzoo_builtins.datasets.colour_profile import Use, to_srgb
from ganzoo_builtins.datasets.image_band_reader import read_bands
from ganzoo_builtins.datasets.image_bands import Bands, scaled, with_channels
from ganzoo_builtins.datasets.image_depth import Depth, eight_bits, largest_number
from ganzoo_builtins.datasets.image_metadata import stripped, upright

AVIF = "avif" in features.get_supported()  # a Pillow that was built without libavif reads none
FORMATS = (*(("AVIF",) if AVIF else ()), "BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
"""Decoded formats, whatever the suffix of a file; PostScript is none of them."""
SUFFIXES = (*((".avif",) if AVIF else ()), ".bmp", ".gif", ".jfif", ".jpe", ".jpeg", ".jpg", ".pbm", ".pgm", ".png")
SUFFIXES += (".pnm", ".ppm", ".tif", ".tiff", ".webp")
FILTER = Image.Resampling.BICUBIC  # Pillow's filters are antialiased
LARGEST_FILE = 2**28  # bytes of a file that is read again without its metadata

Fit = Literal["crop", "pad", "resize"]
Whole = Literal["none"]
Bits = Literal["8", "full"]
Fill = float | tuple[int, int, int]
"""Number or colour that a picture is padded with."""


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
        size: Height and width of the images; a single number for squares.
        channels: 3 for colour, 1 for grey; 2 and 4 have transparency besides. Other numbers are those of the files.
        fit: "crop" cuts out the centre, "pad" adds background, "resize" changes the aspect ratio, and "none" leaves
            pictures in their own size.
        background: Colour (red, green, blue) for padding and transparent pixels.
        max_pixels: Number of pixels above which an image is rejected.
        white: The number that is white, if it is less than the file declares; None to believe the file.
        remedy: End of the message about a file that cannot be decoded.
        depth: "8" for what a viewer shows, uint8; "full" for the numbers of the file, float32 in [-1, 1].
        black: The number that is black, with depth "full"; None for 0.
    """

    size: int | tuple[int, int]
    channels: int
    fit: Fit | Whole
    background: tuple[int, int, int]
    max_pixels: int
    white: float | None = None
    remedy: str = "Mend it or remove it."
    depth: Bits = "8"
    black: float | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of the images, (channels, height, width)."""
        return (self.channels, self.size, self.size) if isinstance(self.size, int) else (self.channels, *self.size)

    @property
    def dtype(self) -> torch.dtype:
        """Type of the images."""
        return torch.uint8 if self.depth == "8" else torch.float32

    @property
    def nbytes(self) -> int:
        """Bytes of one image."""
        return math.prod(self.shape) * self.dtype.itemsize

    def __call__(self, source: Path | bytes, name: str = "") -> tuple[Tensor, Traits]:
        """Decode one file.

        Args:
            source: The file, or its content.
            name: Its name, for messages; by default its path.

        Returns:
            The image (channels, height, width), uint8, or float32 in [-1, 1] of full depth; and the properties of the
            file.

        Raises:
            DataError: The file cannot be decoded.
            SetupError: It needs a package that is not installed.
        """
        name = name or str(source)
        try:
            with _quiet():
                return self._decoded(source)
        except GanzooError:
            raise
        except UnidentifiedImageError as error:
            raise self._error(source, name, f"it is empty, damaged, or not one of {', '.join(FORMATS)}") from error
        except Exception as error:  # Pillow raises many types of errors for damaged files
            raise self._error(source, name, str(error) or type(error).__name__) from error

    def _error(self, source: Path | bytes, name: str, reason: str) -> DataError:
        if isinstance(source, Path) and (pointer := pointer_remedy(source)):
            return DataError(f"cannot read {name}: {pointer}.")
        return DataError(f"cannot read {name}: {reason.rstrip('.')}. {self.remedy}")

    def _decoded(self, source: Path | bytes) -> tuple[Tensor, Traits]:
        """Decode a file; if that fails, decode it without its metadata, which may be all that is damaged."""
        try:
            # Not by its name: Pillow would map an uncompressed TIFF into memory, and mix up width and height of some.
            with source.open("rb") if isinstance(source, Path) else io.BytesIO(source) as file:
                return self._read(file)
        except SetupError:
            raise
        except Exception:
            copy = stripped(_content(source))
            if copy is None:
                raise
            with contextlib.suppress(Exception):
                return self._read(io.BytesIO(copy.data), copy.info)
            raise

    def _read(self, file: IO[bytes], info: Mapping[str, Any] | None = None) -> tuple[Tensor, Traits]:
        """Decode an open file, with these entries of Pillow's `info` in place of its own."""
        if self.depth == "full" or self.channels not in (1, 3):
            return self._of_bands(read_bands(file, FORMATS, self.channels, self.max_pixels))
        with Image.open(file, formats=FORMATS) as image:  # reads the header only
            image.info.update(info or {})
            return self._converted(image)

    def _of_bands(self, bands: Bands) -> tuple[Tensor, Traits]:
        numbers, filling = with_channels(
            scaled(bands, self.black, self.white), bands.has_alpha, self.channels, self.background
        )
        images = [Image.fromarray(np.ascontiguousarray(numbers[:, :, k])) for k in range(self.channels)]
        if bands.method is not None:
            images = [image.transpose(bands.method) for image in images]
        fitted = [np.asarray(self._fitted(image, fill)) for image, fill in zip(images, filling, strict=True)]
        x = torch.from_numpy(np.stack(fitted)).clamp_(-1, 1)  # (channels, H, W)
        height, width, _ = bands.values.shape
        deep = bands.white is not None and bands.white > 255
        largest = int(bands.values.max()) if deep else None
        traits = Traits(bands.grey, bands.frames, height, width, bands.profile, largest, bands.white or 1)
        return x if self.depth == "full" else ((x + 1) * 127.5).round().byte(), traits

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
        x = self._tensor(self._fitted(self._opaque(colours), self.background))
        return x, Traits(grey, _has_frames(image), height, width, profile, largest, depth.largest)

    def _opaque(self, image: Image.Image) -> Image.Image:
        """Fill transparent pixels with the background, and convert any mode to RGB."""
        if image.has_transparency_data:
            image = image.convert("RGBA")
            image = Image.alpha_composite(Image.new("RGBA", image.size, self.background), image)
        return image.convert("RGB")

    def _fitted(self, image: Image.Image, fill: Fill) -> Image.Image:
        _, height, width = self.shape
        if self.fit == "none" or image.size == (width, height):
            return image
        if self.fit == "crop":
            return ImageOps.fit(image, (width, height), FILTER)
        if self.fit == "pad":
            image = _thickened(image, width, height)
            return ImageOps.pad(image, (width, height), FILTER, color=fill)  # type: ignore[arg-type]  # a float in mode F
        return image.resize((width, height), FILTER)

    def _tensor(self, image: Image.Image) -> Tensor:
        array = np.array(image.convert("L" if self.channels == 1 else "RGB"))  # (H, W) or (H, W, 3)
        return torch.from_numpy(array).view(*array.shape[:2], self.channels).permute(2, 0, 1).contiguous()


def _content(source: Path | bytes) -> bytes:
    """Return a file of up to LARGEST_FILE bytes, and nothing of a larger one."""
    if isinstance(source, bytes):
        return source
    return source.read_bytes() if source.stat().st_size <= LARGEST_FILE else b""


def _thickened(image: Image.Image, width: int, height: int) -> Image.Image:
    """Shrink a picture that is too narrow to pad, in one step: its short side would round to 0 pixels."""
    scale = min(width / image.width, height / image.height)
    if min(round(image.width * scale), round(image.height * scale)) > 0:
        return image
    return image.resize((max(1, round(image.width * scale)), max(1, round(image.height * scale))), FILTER)


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
