"""Scaling of pictures of any depth to 8 bits, with the transparency that a single value or colour stands for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image

BITS_PER_SAMPLE, PHOTOMETRIC = 258, 262  # tags of TIFF
WHITE_IS_ZERO = 0  # value of the tag PHOTOMETRIC
SIXTEEN_BITS = 65535


@dataclass(frozen=True)
class Depth:
    """Range of the numbers in a picture file, which Pillow only partly carries over to its pixels.

    Attributes:
        largest: The number that the file declares as white, such as 255 or 4095.
        inverted: 0 is white, and Pillow does not say so in the mode.
    """

    largest: int
    inverted: bool = False

    @classmethod
    def of(cls, image: Image.Image) -> Depth:
        """Read the range from an image whose pixels were not read yet."""
        tags = getattr(image, "tag_v2", {})
        bits = tags.get(BITS_PER_SAMPLE, (16,))[0]
        if image.mode.startswith("I"):
            return cls(min(SIXTEEN_BITS, 2**bits - 1), tags.get(PHOTOMETRIC) == WHITE_IS_ZERO)
        packed = _packed(image)
        if image.mode == "1":
            return cls(1)
        if ";16" in packed:
            return cls(SIXTEEN_BITS)
        return cls({"L;2": 3, "L;4": 15}.get(packed, 255))


def _packed(image: Image.Image) -> str:
    """Return Pillow's name for the layout of pixels in the file, such as "L;4", or "" where it does not say."""
    tiles = getattr(image, "tile", None)
    layout = tiles[0][3] if tiles else ""
    if isinstance(layout, tuple):
        layout = layout[0] if layout else ""
    return layout if isinstance(layout, str) else ""


def eight_bits(image: Image.Image, depth: Depth, white: float | None) -> Image.Image:
    """Scale a picture to 8 bits, and make pixels transparent that have the transparent value or colour of the file.

    Args:
        image: The picture.
        depth: Range of the numbers in its file.
        white: The number that is white, if it is less than the file declares.

    Returns:
        The picture, in a mode with 8 bits; RGBA if it has transparency.

    Raises:
        ValueError: The range of its numbers is unknown.
    """
    if image.mode == "F":
        raise ValueError('it holds floating-point numbers; set depth = "full", or save it with 8 or 16 bits')
    least = min(depth.largest, white or depth.largest)
    if image.mode.startswith("I"):
        return _grey(image, least, depth.inverted)
    if image.has_transparency_data:
        scale_key(image, depth)
        image = image.convert("RGBA")
    return image if least == depth.largest else _brightened(image, depth.largest / least)


def _grey(image: Image.Image, white: float, inverted: bool) -> Image.Image:
    """Scale grey of more than 8 bits; Pillow's conversion makes every value above 255 white."""
    values = np.asarray(image)
    if values.min() < 0 or values.max() > SIXTEEN_BITS:
        raise ValueError('it holds numbers beyond 16 bits; set depth = "full", or save it with 8 or 16 bits')
    grey = Image.fromarray(_scaled(white, inverted)[values])
    key = image.info.get("transparency")
    if not isinstance(key, int):
        return grey
    grey.putalpha(Image.fromarray(np.where(values == key, np.uint8(0), np.uint8(255))))
    return grey.convert("RGBA")


@cache
def _scaled(white: float, inverted: bool = False) -> np.ndarray:
    """Return the 8-bit value of each 16-bit number, (65536,): arithmetic on 64 megapixels would need gigabytes."""
    scaled = np.minimum(255, (np.arange(65536) * 255 + white // 2) // white).astype(np.uint8)
    return 255 - scaled if inverted else scaled


def scale_key(image: Image.Image, depth: Depth) -> None:
    """Scale the transparent value or colour of a picture as Pillow scaled its pixels.

    Args:
        image: The picture, whose `info` is changed.
        depth: Range of the numbers in its file.
    """
    key = image.info.get("transparency")
    if image.mode == "L" and isinstance(key, int):
        image.info["transparency"] = key * 255 // depth.largest
    elif image.mode == "RGB" and isinstance(key, tuple) and depth.largest == SIXTEEN_BITS:
        image.info["transparency"] = tuple(part >> 8 for part in key)  # the upper bytes are what Pillow keeps


def _brightened(image: Image.Image, factor: float) -> Image.Image:
    """Multiply all colours, up to white. CMYK stays: its numbers are amounts of ink."""
    if image.mode == "CMYK":
        return image
    if image.mode not in ("L", "RGB", "RGBA"):
        image = image.convert("RGB")
    table = [min(255, round(value * factor)) for value in range(256)]
    unchanged = list(range(256))
    return image.point([level for band in image.getbands() for level in (unchanged if band == "A" else table)])


def largest_number(image: Image.Image) -> int | None:
    """Return the largest number of grey of more than 8 bits, or None for other pictures."""
    return int(np.asarray(image).max()) if image.mode.startswith("I") else None
