"""Pictures as bands of numbers: scaling to [-1, 1] without loss, transparency, and conversion between channels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from ganzoo_builtins.datasets.colour_profile import Use

LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R 601, as in Pillow
CLEAR, OPAQUE = -1.0, 1.0  # transparency, scaled as all bands


@dataclass(frozen=True)
class Bands:
    """The numbers of a picture file.

    Attributes:
        values: The numbers (H, W, bands), of any type.
        white: The number that is white, as the file declares it; None for floats, signed numbers and more than 16 bits.
        has_alpha: The last band is transparency.
        inverted: 0 is white.
        method: How the picture is to be turned upright; None if it is.
        frames: The file has frames that are not among the bands.
        profile: "ignored" if the file has a colour profile, whose conversion would cost depth.
    """

    values: np.ndarray
    white: int | None
    has_alpha: bool = False
    inverted: bool = False
    method: Image.Transpose | None = None
    frames: bool = False
    profile: Use = "none"

    @property
    def grey(self) -> bool:
        """True if there is one band, or one and transparency."""
        return self.values.shape[2] - self.has_alpha == 1


def scaled(bands: Bands, black: float | None, white: float | None) -> np.ndarray:
    """Scale the numbers of a picture to [-1, 1].

    Args:
        bands: The numbers.
        black: The number that is black; None for 0.
        white: The number that is white; None for what the file declares, and for 1 where it declares none.

    Returns:
        Numbers (H, W, bands), float32. Those beyond black and white are set to these, if one of them is given.

    Raises:
        ValueError: The file declares no range, and none is given, or numbers are NaN or infinite.
    """
    values = bands.values.astype(np.float32)
    low = black or 0.0
    if bands.white is None:
        least, most = float(values.min()), float(values.max())
        if not np.isfinite(least + most):
            raise ValueError("some of its numbers are NaN or infinite")
        if black is None and white is None and (least < 0 or most > 1):
            raise ValueError(
                f"its numbers lie in {least:g}..{most:g}, and it does not say which are black and white: set "
                f"min_value={least:g} and max_value={most:g}, or the range of all pictures"
            )
        high = 1.0 if white is None else white
    else:
        high = min(float(bands.white), white or bands.white)
    alpha = values[:, :, -1:] / (bands.white or 1.0) if bands.has_alpha else None
    unit = np.clip((values - low) / (high - low), 0.0, 1.0)
    if bands.inverted:
        unit = 1.0 - unit
    if alpha is not None:
        unit[:, :, -1:] = alpha
    return 2.0 * unit - 1.0


def with_channels(
    numbers: np.ndarray, has_alpha: bool, channels: int, background: tuple[int, int, int]
) -> tuple[np.ndarray, list[float]]:
    """Convert scaled numbers to the channels that are wanted.

    1 channel is grey, 2 are grey and transparency, 3 colour, 4 colour and transparency. Bands of which there are as
    many as channels stay as they are, except for transparency where no channel has it.

    Args:
        numbers: The numbers (H, W, bands), in [-1, 1].
        has_alpha: The last band is transparency.
        channels: The number of channels.
        background: Colour (red, green, blue), 0..255, of transparent pixels and of padding.

    Returns:
        Numbers (H, W, channels), and what each channel is padded with.

    Raises:
        ValueError: There are more or fewer bands, which have no meaning that is known.
    """
    colour, alpha = (numbers[:, :, :-1], numbers[:, :, -1:]) if has_alpha else (numbers, None)
    filling = np.array(background, np.float32) / 127.5 - 1
    count = colour.shape[2]
    if count not in (1, 3) or channels > 4 or (alpha is None and count == channels):
        if numbers.shape[2] != channels:
            raise ValueError(f"it has {_bands(numbers.shape[2])}: set channels = {numbers.shape[2]}, or leave it out")
        return numbers, [*filling] if channels == 3 else [float(filling @ LUMA)] if channels == 1 else [
            CLEAR
        ] * channels
    wanted = 1 if channels <= 2 else 3
    filling = filling if wanted == 3 else (filling @ LUMA)[None]
    if count != wanted:
        colour = (colour @ LUMA)[:, :, None] if wanted == 1 else np.repeat(colour, 3, axis=2)
    if channels == wanted:
        if alpha is not None:
            share = (alpha + 1) / 2
            colour = share * colour + (1 - share) * filling
        return colour, [*filling]
    opacity = np.full_like(colour[:, :, :1], OPAQUE) if alpha is None else alpha
    return np.concatenate([colour, opacity], axis=2), [*filling, CLEAR]


def _bands(number: int) -> str:
    return "1 band" if number == 1 else f"{number} bands"
