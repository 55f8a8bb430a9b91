"""Differentiable changes of images (N, C, H, W), each by a value for each sample.

All can be differentiated twice, as gradient penalties require, and change nothing in place.
"""

import torch
from torch import Tensor


def brightness(x: Tensor, shift: Tensor) -> Tensor:
    """Add a number (N,) to all pixels of each image."""
    return x + _per_image(shift)


def saturation(x: Tensor, factor: Tensor) -> Tensor:
    """Multiply the distance of each pixel from its grey value, the mean of its channels, by a factor (N,)."""
    grey = x.mean(1, keepdim=True)  # (N, 1, H, W)
    return (x - grey) * _per_image(factor) + grey


def contrast(x: Tensor, factor: Tensor) -> Tensor:
    """Multiply the distance of all pixels from the mean of their image by a factor (N,)."""
    mean = x.mean((1, 2, 3), keepdim=True)  # (N, 1, 1, 1)
    return (x - mean) * _per_image(factor) + mean


def translate(x: Tensor, down: Tensor, right: Tensor, fill: float) -> Tensor:
    """Shift each image by whole pixels, int64 (N,) both, and fill what becomes free."""
    height, width = x.shape[2:]
    rows, has_row = _sources(down, height)  # (N, H), (N, H)
    columns, has_column = _sources(right, width)  # (N, W), (N, W)
    pixels = (rows[:, :, None] * width + columns[:, None, :]).flatten(1)  # (N, H*W)
    shifted = x.flatten(2).gather(2, pixels[:, None].expand(-1, x.shape[1], -1)).view_as(x)
    return torch.where((has_row[:, :, None] & has_column[:, None, :])[:, None], shifted, fill)


def cut_out(x: Tensor, row: Tensor, column: Tensor, height: int, width: int, fill: float) -> Tensor:
    """Fill a rectangle around (row, column), int64 (N,) both, as far as it lies in the image.

    It covers the pixels from row - height // 2 on, `height` of them, and the same of the columns.
    """
    rows, columns = _within(row, height, x.shape[2]), _within(column, width, x.shape[3])  # (N, H), (N, W)
    return torch.where((rows[:, :, None] & columns[:, None, :])[:, None], fill, x)


def mirror(x: Tensor, which: Tensor) -> Tensor:
    """Mirror the images for which `which`, bool (N,), is True, left to right."""
    return torch.where(_per_image(which), x.flip(3), x)


def _per_image(value: Tensor) -> Tensor:
    return value[:, None, None, None]  # (N,) -> (N, 1, 1, 1)


def _sources(shift: Tensor, side: int) -> tuple[Tensor, Tensor]:
    """Return which row each row comes from, int64 (N, side), and whether it exists, bool (N, side)."""
    sources = torch.arange(side, device=shift.device) - shift[:, None]
    return sources.clamp(0, side - 1), (sources >= 0) & (sources < side)


def _within(centre: Tensor, length: int, side: int) -> Tensor:
    """Return a mask (N, side) that is True in the `length` pixels around each centre (N,)."""
    offsets = torch.arange(side, device=centre.device) - (centre[:, None] - length // 2)
    return (offsets >= 0) & (offsets < length)
