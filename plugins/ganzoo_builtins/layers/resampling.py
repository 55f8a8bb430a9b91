"""Doubling and halving of a map's side by the filter [1, 3, 3, 1] in both directions, with zeros around the map.

Inside the map this is linear interpolation, and its adjoint. Both are differentiable as often as one likes.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d


class Resample(nn.Module):
    """Holds the filter, whose taps sum to 1.

    Attributes:
        kernel: Taps (1, 1, 4, 4).
    """

    kernel: Tensor

    def __init__(self) -> None:
        super().__init__()
        taps = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8
        self.register_buffer("kernel", torch.outer(taps, taps)[None, None], persistent=False)

    def of_each(self, x: Tensor) -> Tensor:
        """Return the filter of each channel of x, (C, 1, 4, 4)."""
        return self.kernel.expand(x.shape[1], -1, -1, -1)


class Up(Resample):
    """Doubles the side: zeros between the pixels, then the filter; (N, C, H, W) -> (N, C, 2H, 2W)."""

    def forward(self, x: Tensor) -> Tensor:
        return conv_transpose2d(x, 4 * self.of_each(x), stride=2, padding=1, groups=x.shape[1])


class Down(Resample):
    """Halves the side: the filter, then every second pixel; (N, C, H, W) -> (N, C, H/2, W/2)."""

    def forward(self, x: Tensor) -> Tensor:
        return conv2d(x, self.of_each(x), stride=2, padding=1, groups=x.shape[1])


class Blur(Resample):
    """Applies the filter without changing the side by more than `pad`; (N, C, H, W) -> (N, C, H + 2 pad - 3, ...).

    Args:
        pad: Zeros on each side of the map.
        gain: Sum of the taps.
    """

    def __init__(self, pad: int, gain: float = 1.0):
        super().__init__()
        self.pad = pad
        self.gain = gain

    def forward(self, x: Tensor) -> Tensor:
        return conv2d(x, self.gain * self.of_each(x), padding=self.pad, groups=x.shape[1])
