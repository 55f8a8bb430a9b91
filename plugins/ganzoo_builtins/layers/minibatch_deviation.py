"""The standard deviation of a minibatch as a feature, Karras et al. 2018 (arXiv:1710.10196), section 3."""

import math

import torch
from torch import Tensor, nn


class MinibatchDeviation(nn.Module):
    """Appends how much the samples of a group differ, as one more map: (N, C, H, W) -> (N, C + 1, H, W).

    The standard deviation of each value over the group is averaged over channels and pixels. Of N samples, sample i is
    in group i modulo N / group. Where `group` does not divide N, groups have their greatest common divisor.

    Args:
        group: Number of samples in a group.
    """

    mixes_samples = True

    def __init__(self, group: int = 4):
        super().__init__()
        self.group = group

    def forward(self, x: Tensor) -> Tensor:
        group = math.gcd(len(x), self.group)
        members = x.unflatten(0, (group, len(x) // group))  # (group, N / group, C, H, W)
        deviation = (members.var(0, correction=0) + 1e-8).sqrt().mean((1, 2, 3))  # (N / group,)
        plane = deviation.repeat(group)[:, None, None, None].expand(-1, 1, *x.shape[2:])  # (N, 1, H, W)
        return torch.cat([x, plane], dim=1)

    def extra_repr(self) -> str:
        return f"group={self.group}"
