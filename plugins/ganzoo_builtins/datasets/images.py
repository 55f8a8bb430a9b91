"""Images as uint8 tensors, brought to another size by torchvision.

N is the batch, C channels, H and W height and width. torchvision is imported on first use: it takes as long as torch.
"""

from __future__ import annotations

import torch
from PIL import Image
from torch import Tensor

CHUNK = 4096  # images resized at a time: bounds the float32 copy


def resize(x: Tensor, size: int) -> Tensor:
    """(N, C, H, W) -> (N, C, size, size), bilinear with antialiasing. Crop or pad first to keep the proportions."""
    if x.shape[-2:] == (size, size):
        return x
    from torchvision.transforms.v2 import functional

    return torch.cat([functional.resize(chunk, [size, size], antialias=True) for chunk in x.split(CHUNK)])


def pad(x: Tensor, size: int, value: int = 0) -> Tensor:
    """(N, C, H, W) -> (N, C, size, size), centred on a ground of `value`; H and W are at most `size`."""
    from torchvision.transforms.v2 import functional

    down, right = size - x.shape[-2], size - x.shape[-1]
    return functional.pad(x, [right // 2, down // 2, right - right // 2, down - down // 2], fill=value)


def centre_crop(x: Tensor, height: int, width: int) -> Tensor:
    """(..., H, W) -> (..., height, width) from the middle; H >= height and W >= width."""
    from torchvision.transforms.v2 import functional

    return functional.center_crop(x, [height, width])


def to_tensor(image: Image.Image) -> Tensor:
    """A picture of any mode -> (3, H, W)."""
    from torchvision.transforms.v2 import functional

    return functional.pil_to_tensor(image.convert("RGB"))
