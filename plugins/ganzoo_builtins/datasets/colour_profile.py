"""Conversion of pictures with an embedded colour profile (ICC) to sRGB, by LittleCMS."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from PIL import Image, ImageCms

TOLERANCE = 2  # of 255: a profile that changes no colour by more is sRGB under another name
MODES = {"GRAY": "L", "RGB": "RGB", "CMYK": "CMYK"}  # colour spaces of profiles, and Pillow's modes for them

Use = Literal["none", "converted", "unusable", "ignored"]
"""Use of a profile: there is none or it is sRGB; it was used; it is damaged or does not fit the picture; unread."""


def to_srgb(image: Image.Image, profile: Any, grey: bool) -> tuple[Image.Image, Use]:
    """Convert a picture from the colours of its profile to sRGB.

    Args:
        image: The picture, of any mode with 8 bits. RGBA keeps its transparency.
        profile: What Pillow found as its profile: bytes, unless the file is damaged.
        grey: All bands of the picture but transparency are equal.

    Returns:
        The picture, and what became of the profile. Without a conversion the picture is the one given.
    """
    mode = "L" if grey else "CMYK" if image.mode == "CMYK" else "RGB"
    try:
        transform, taken = _transform(profile, mode)
        if transform is None:
            return image, "none"
        colours = transform.apply(_with_mode(image, taken))
    except Exception:  # Pillow and LittleCMS raise many types of errors for damaged profiles
        return image, "unusable"
    if image.mode == "RGBA":
        colours.putalpha(image.getchannel("A"))
    return colours, "converted"


def _with_mode(image: Image.Image, mode: str) -> Image.Image:
    if mode == "L" and len(image.getbands()) > 1:
        return image.getchannel(0)
    return image if image.mode == mode else image.convert(mode)


@lru_cache(32)
def _transform(profile: bytes, mode: str) -> tuple[ImageCms.ImageCmsTransform | None, str]:
    """Return the transform from a profile to sRGB, or None if that is what it describes; and the mode it takes.

    A grey picture may have a profile of RGB: its values are equal amounts of red, green and blue.
    """
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    taken = MODES[source.profile.xcolor_space.strip()]
    if taken != mode and (mode, taken) != ("L", "RGB"):
        raise ValueError(f"a profile of {taken} for a picture of {mode}")
    transform = ImageCms.ImageCmsTransform(
        source, ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")), taken, "RGB"
    )
    same = taken != "CMYK" and _changes(transform, taken) <= TOLERANCE
    return (None if same else transform), taken


def _changes(transform: ImageCms.ImageCmsTransform, mode: str) -> int:
    """Return the largest change that a transform makes to a channel, of 255, over colours of the whole range."""
    if mode == "L":
        values = np.arange(256, dtype=np.uint8)[None]  # (1, 256)
        before = np.repeat(values[..., None], 3, axis=2)  # (1, 256, 3)
    else:
        levels = np.linspace(0, 255, 17).astype(np.uint8)
        values = before = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(17, 289, 3)
    after = np.asarray(transform.apply(Image.fromarray(values)))
    return int(np.abs(after.astype(int) - before.astype(int)).max())
