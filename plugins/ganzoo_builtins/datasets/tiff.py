"""TIFF files of any depth and any number of bands, read by tifffile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO, Any

import numpy as np

from ganzoo import SetupError
from ganzoo_builtins.datasets.image_bands import Bands
from ganzoo_builtins.datasets.image_metadata import ORIENTATION, TRANSPOSITIONS

MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # the last two are those of BigTIFF
NUMBERS = ("MINISBLACK", "MINISWHITE", "RGB")  # colours that need no conversion
WHITE_IS_ZERO = "MINISWHITE"
TRANSPARENT = ("ASSOCALPHA", "UNASSALPHA")  # what an extra band may mean
USUAL_BANDS = 4  # a picture of more of them has as many pixels as its numbers make of these


def read_tiff(file: IO[bytes], channels: int, max_pixels: int) -> Bands | None:
    """Read all numbers of a TIFF.

    Where one page has too few bands, and all pages together have as many as channels are wanted, all of them are read.

    Args:
        file: The file.
        channels: Number of channels that are wanted.
        max_pixels: Number of pixels above which a picture is rejected.

    Returns:
        The numbers; None for palettes, bilevel pictures and colours other than RGB, which Pillow converts.

    Raises:
        ValueError: The picture has too many pixels, or numbers that are neither integers nor floats.
        SetupError: tifffile is not installed.
    """
    try:
        from tifffile import TiffFile
    except ImportError:
        raise SetupError(
            "TIFF files of full depth, or of other than 1 or 3 channels, need tifffile: pip install "
            "'ganzoo-torch[depth]'"
        ) from None
    with TiffFile(file) as stored:
        first: Any = stored.pages.first
        if getattr(first.photometric, "name", "") not in NUMBERS or first.bitspersample == 1:
            return None
        pages = _pages(stored.pages, first, channels)
        numbers = first.imagewidth * first.imagelength * first.samplesperpixel * len(pages)
        if numbers > USUAL_BANDS * max_pixels or first.imagewidth * first.imagelength > max_pixels:
            raise ValueError(f"{first.imagewidth} x {first.imagelength} pixels are more than max_megapixels allows")
        values = np.concatenate([_bands_last(page) for page in pages], axis=2)
        frames = len(stored.pages) > len(pages)
    if values.dtype.kind not in "uif":
        raise ValueError(f"its numbers are {values.dtype}; save integers or floats")
    extra = [sample.name for sample in first.extrasamples]
    orientation = first.tags.get(ORIENTATION)
    return Bands(
        values,
        white=2**first.bitspersample - 1 if values.dtype in (np.uint8, np.uint16) else None,
        has_alpha=len(pages) == 1 and extra[-1:] in [[name] for name in TRANSPARENT],
        inverted=first.photometric.name == WHITE_IS_ZERO,
        method=None if orientation is None else TRANSPOSITIONS.get(orientation.value),
        frames=frames,
    )


def _pages(pages: Any, first: Any, channels: int) -> Sequence[Any]:
    """Return the pages to read: all of them if they are the channels, else the first."""
    together = len(pages) * first.samplesperpixel
    if first.samplesperpixel < channels == together and all(page.shape == first.shape for page in pages):
        return list(pages)
    return [first]


def _bands_last(page: Any) -> np.ndarray:
    """Return the numbers of a page (H, W, bands)."""
    values: np.ndarray = page.asarray()
    if values.ndim == 2:
        return values[:, :, None]
    if values.ndim != 3:
        raise ValueError(f"its pages have the axes {page.axes}; save pages of height, width and bands")
    return np.moveaxis(values, 0, 2) if page.axes.startswith("S") else values
