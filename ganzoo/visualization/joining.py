"""Joining of pictures into one."""

from __future__ import annotations

from PIL import Image

GAP = 8  # pixels between two pictures


def side_by_side(*pictures: Image.Image, gap: int = GAP) -> Image.Image:
    """Join pictures into one, in the mode of the last one.

    Args:
        *pictures: The pictures, from left to right.
        gap: White pixels between two of them.

    Returns:
        The picture, as high as the highest of them.
    """
    width, height = sum(picture.width + gap for picture in pictures) - gap, max(picture.height for picture in pictures)
    joined = Image.new(pictures[-1].mode, (width, height), "white")
    left = 0
    for picture in pictures:
        joined.paste(picture, (left, 0))
        left += picture.width + gap
    return joined
