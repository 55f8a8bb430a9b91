"""Nearest-neighbour upsampling and a 3x3 convolution as one layer, with 2.25 times fewer multiplications."""

import torch
from torch import Tensor, nn
from torch.nn.functional import conv_transpose2d

# A row for each tap of the 4-tap kernel: the taps of the 3-tap kernel that meet the same pixel once it is doubled.
TAPS = torch.tensor([[0.0, 0, 1], [0, 1, 1], [1, 1, 0], [1, 0, 0]])


class UpsampleConv2d(nn.Conv2d):
    """Conv2d(n_in, n_out, 3, padding=1) of an input doubled by nearest neighbours.

    It has the weights, and the checkpoints, of the convolution. The result is computed as a single transposed 4x4
    convolution of stride 2, which equals both layers up to rounding.
    """

    def __init__(self, n_in: int, n_out: int):
        super().__init__(n_in, n_out, 3, padding=1)
        self.register_buffer("taps", TAPS.clone(), persistent=False)
        self.taps: Tensor

    def forward(self, x: Tensor) -> Tensor:
        kernel = torch.einsum("ak,oikl,bl->ioab", self.taps, self.weight, self.taps)
        # (out, in, 3, 3) -> (in, out, 4, 4); (N, in, H, W) -> (N, out, 2H, 2W)
        return conv_transpose2d(x, kernel, self.bias, stride=2, padding=1)
