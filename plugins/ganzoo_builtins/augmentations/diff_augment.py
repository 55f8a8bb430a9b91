"""DiffAugment, Zhao, Liu, Lin, Zhu and Han 2020 (arXiv:2006.10738), for training on few pictures."""

from collections.abc import Sequence
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor

from ganzoo import Augmentation
from ganzoo_builtins.augmentations import operations


class DiffAugment(Augmentation):
    """Colour, shift and a hole, drawn for each image, real or fake, each time that the discriminator sees it.

    With few pictures, a discriminator soon knows each of them by heart. The augmentations of the paper's code are:

    - "color": brightness + U(-0.5, 0.5), then saturation * U(0, 2), then contrast * U(0.5, 1.5). Pixels may leave
      [-1, 1]. Saturation does not change grey images.
    - "translation": a shift by whole pixels, up to an eighth of each side.
    - "cutout": a hole of half of each side, around any point of the image.

    The paper uses "translation" and "cutout", or "color" and "cutout", for all of CIFAR-10, and all three for parts of
    it.

    Args:
        policy: The augmentations, in the order in which they are applied.
        fill: Value of pixels that are shifted in or cut out: 0, mid-grey, in the paper. Use -1 for drawings on black,
            such as digits, in which a hole of mid-grey would be the most striking part.
    """

    def __init__(
        self,
        policy: Sequence[Literal["color", "translation", "cutout"]] = ("color", "translation", "cutout"),
        fill: Annotated[float, Field(ge=-1, le=1)] = 0.0,
    ):
        super().__init__()
        self.policy = list(policy)
        self.fill = fill

    def forward(self, x: Tensor) -> Tensor:
        steps = {"color": self._color, "translation": self._translation, "cutout": self._cutout}
        for word in self.policy:
            x = steps[word](x)
        return x

    def _color(self, x: Tensor) -> Tensor:
        x = operations.brightness(x, _uniform(x, -0.5, 0.5))
        x = operations.saturation(x, _uniform(x, 0, 2))
        return operations.contrast(x, _uniform(x, 0.5, 1.5))

    def _translation(self, x: Tensor) -> Tensor:
        down, right = (_integers(x, -limit, limit) for limit in map(furthest_shift, x.shape[2:]))
        return operations.translate(x, down, right, self.fill)

    def _cutout(self, x: Tensor) -> Tensor:
        height, width = map(hole_side, x.shape[2:])
        row = _integers(x, 0, x.shape[2] - height % 2)  # an even hole may have its centre behind the last pixel
        column = _integers(x, 0, x.shape[3] - width % 2)
        return operations.cut_out(x, row, column, height, width, self.fill)


def furthest_shift(side: int) -> int:
    """Return the largest shift in pixels, an eighth of a side, rounded: 28 -> 4, 32 -> 4, 64 -> 8."""
    return int(side / 8 + 0.5)


def hole_side(side: int) -> int:
    """Return the length of a hole along a side, half of it, rounded: 28 -> 14, 33 -> 17."""
    return int(side / 2 + 0.5)


def _uniform(x: Tensor, low: float, high: float) -> Tensor:
    """Draw a number in [low, high) for each image, (N, C, H, W) -> (N,)."""
    return low + (high - low) * torch.rand(len(x), dtype=x.dtype, device=x.device)


def _integers(x: Tensor, low: int, high: int) -> Tensor:
    """Draw an integer in low, ..., high for each image, (N, C, H, W) -> int64 (N,)."""
    return torch.randint(low, high + 1, (len(x),), device=x.device)
