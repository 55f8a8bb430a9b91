"""Images as uint8 tensors: from Pillow, to another size, cropped, padded.

N is the batch, C channels, H and W height and width; every value is in 0..255.
"""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor
from torch.nn import functional

MODES = {1: "L", 3: "RGB"}
CHUNK = 4096  # images resized at a time: bounds the float32 copy


def resize(x: Tensor, size: int) -> Tensor:
    """(N, C, H, W) -> (N, C, size, size), bilinear with antialiasing. Crop or pad first to keep the proportions."""
    if x.shape[-2:] == (size, size):
        return x
    resized = x.new_empty(len(x), x.shape[1], size, size)
    for start in range(0, len(x), CHUNK):
        chunk = x[start : start + CHUNK].float()
        small = functional.interpolate(chunk, (size, size), mode="bilinear", antialias=True, align_corners=False)
        resized[start : start + CHUNK] = small.round().clamp(0, 255).to(torch.uint8)
    return resized


def pad(x: Tensor, size: int, value: int = 0) -> Tensor:
    """(N, C, H, W) -> (N, C, size, size), centred on a ground of `value`; H and W are at most `size`."""
    down, right = size - x.shape[-2], size - x.shape[-1]
    return functional.pad(x, (right // 2, right - right // 2, down // 2, down - down // 2), value=value)


def centre_crop(x: Tensor, height: int, width: int) -> Tensor:
    """(..., H, W) -> (..., height, width) from the middle; H >= height and W >= width."""
    top, left = (x.shape[-2] - height) // 2, (x.shape[-1] - width) // 2
    return x[..., top : top + height, left : left + width]


def to_uint8(image: Image.Image, channels: int) -> Tensor:
    """A picture as (channels, H, W), channels 1 or 3: turned upright by its EXIF tag, transparency laid on white."""
    image = _eight_bits(ImageOps.exif_transpose(image))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    array = np.array(image.convert(MODES[channels]))
    return torch.from_numpy(array.reshape(image.height, image.width, channels)).permute(2, 0, 1).contiguous()


def _eight_bits(image: Image.Image) -> Image.Image:
    """16-bit grey scaled to 8; Pillow's own conversion would turn everything above 255 white."""
    if not image.mode.startswith("I"):
        return image
    return Image.fromarray((np.asarray(image).astype(np.int64).clip(0, 65535) // 257).astype(np.uint8))
