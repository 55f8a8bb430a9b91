"""Resizing, padding and cropping of uint8 image tensors by torchvision.

N is the batch, C channels, H and W height and width. torchvision is imported on first use, because that takes as long
as importing torch.
"""

from __future__ import annotations

import torch
from PIL import Image
from torch import Tensor

CHUNK = 4096  # images resized at a time, which bounds the size of the float32 copy


def resize(x: Tensor, size: int) -> Tensor:
    """Resize images (N, C, H, W) -> (N, C, size, size), bilinear with antialiasing; the aspect ratio may change."""
    if x.shape[-2:] == (size, size):
        return x
    from torchvision.transforms.v2 import functional

    return torch.cat([functional.resize(chunk, [size, size], antialias=True) for chunk in x.split(CHUNK)])


def pad(x: Tensor, size: int, value: int = 0) -> Tensor:
    """Pad images with `value` on all sides, (N, C, H, W) -> (N, C, size, size); H and W are at most `size`."""
    from torchvision.transforms.v2 import functional

    down, right = size - x.shape[-2], size - x.shape[-1]
    return functional.pad(x, [right // 2, down // 2, right - right // 2, down - down // 2], fill=value)


def centre_crop(x: Tensor, height: int, width: int) -> Tensor:
    """Cut out the centre, (..., H, W) -> (..., height, width); H >= height and W >= width."""
    from torchvision.transforms.v2 import functional

    return functional.center_crop(x, [height, width])


def to_tensor(image: Image.Image) -> Tensor:
    """Convert an image of any mode to a tensor (3, H, W)."""
    from torchvision.transforms.v2 import functional

    return functional.pil_to_tensor(image.convert("RGB"))
