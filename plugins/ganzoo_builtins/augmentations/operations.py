"""Differentiable changes of images (N, C, H, W), each by a value for each sample.

All can be differentiated twice, as gradient penalties require, and change nothing in place.
"""

import math

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


def mirrored(position: Tensor, side: int) -> Tensor:
    """Return the pixels 0, ..., side - 1 at whole positions, int64, mirrored at the first and at the last one."""
    period = max(1, 2 * (side - 1))
    position = position.long() % period
    return torch.minimum(position, period - position)


def multiply(x: Tensor, factor: Tensor) -> Tensor:
    """Multiply all pixels of each image by a factor (N,): their contrast about mid-grey."""
    return x * _per_image(factor)


def luma_flip(x: Tensor, which: Tensor) -> Tensor:
    """Turn light into dark and leave the hue, in the images for which `which`, bool (N,), is True."""
    return torch.where(_per_image(which), x - 2 * x.mean(1, keepdim=True), x)


def hue(x: Tensor, angle: Tensor) -> Tensor:
    """Rotate the colours of each image about the axis of greys by an angle (N,); images without three channels stay."""
    if x.shape[1] != 3:
        return x
    grey = x.mean(1, keepdim=True)  # (N, 1, H, W)
    across = (x.roll(1, 1) - x.roll(-1, 1)) / math.sqrt(3)  # the cross product of the axis and a colour
    cosine, sine = _per_image(angle.cos()), _per_image(angle.sin())
    return grey + (x - grey) * cosine + across * sine  # Rodrigues' formula


def warp(x: Tensor, source: Tensor) -> Tensor:
    """Move the pixels of each image by an affine map, with bilinear interpolation, mirrored at the borders.

    Args:
        x: Images (N, C, H, W).
        source: Matrices (N, 3, 3): (column, row, 1) of a pixel, from the middle of the image, -> where it comes from.

    Returns:
        Images (N, C, H, W).
    """
    height, width = x.shape[2:]
    middle = torch.tensor([(width - 1) / 2, (height - 1) / 2], dtype=x.dtype, device=x.device)
    rows, columns = torch.meshgrid(
        torch.arange(height, dtype=x.dtype, device=x.device),
        torch.arange(width, dtype=x.dtype, device=x.device),
        indexing="ij",
    )
    pixels = torch.stack([columns - middle[0], rows - middle[1], torch.ones_like(rows)]).flatten(1)  # (3, H*W)
    at = (source.to(x.dtype) @ pixels)[:, :2] + middle[:, None]  # (N, 2, H*W)
    first = at.floor()
    share = at - first
    columns_, rows_ = (
        torch.stack([mirrored(first[:, axis] + step, side) for step in (0, 1)])  # (2, N, H*W)
        for axis, side in enumerate((width, height))
    )
    flat = x.flatten(2)  # (N, C, H*W)
    result = torch.zeros_like(flat)
    for down in (0, 1):
        for right in (0, 1):
            weight = _share(share[:, 0], right) * _share(share[:, 1], down)  # (N, H*W)
            index = rows_[down] * width + columns_[right]
            result = result + weight[:, None] * flat.gather(2, index[:, None].expand_as(flat))
    return result.view_as(x)


def _share(share: Tensor, step: int) -> Tensor:
    return share if step else 1 - share


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
