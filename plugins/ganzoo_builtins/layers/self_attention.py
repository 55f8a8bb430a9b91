"""Self-attention over the pixels of a map, SAGAN, Zhang et al. 2019 (arXiv:1805.08318), section 3."""

import torch
from torch import Tensor, nn
from torch.nn.functional import max_pool2d


class SelfAttention(nn.Module):
    """Self-attention x + sigma * o(x) of all pixels of a map (N, C, H, W), where sigma is learned from 0 on.

    Queries and keys have an eighth of the channels, values a half.

    Args:
        channels: Number of channels C.
        pool: Compute keys and values from the map at half its side: a quarter of the work, as in the authors' code and
            unlike the paper's formulas.
    """

    def __init__(self, channels: int, pool: bool = True):
        super().__init__()
        narrow, half = max(1, channels // 8), max(1, channels // 2)
        self.pool = pool
        self.query = nn.Conv2d(channels, narrow, 1)  # the paper's f
        self.key = nn.Conv2d(channels, narrow, 1)  # g
        self.value = nn.Conv2d(channels, half, 1)  # h
        self.out = nn.Conv2d(half, channels, 1)  # v
        self.sigma = nn.Parameter(torch.zeros(()))  # the paper's gamma

    def attention(self, x: Tensor) -> Tensor:
        """Return the attention weights of each pixel, (N, C, H, W) -> (N, H*W, keys); each row sums to 1."""
        query, key = self.query(x).flatten(2), self._pooled(self.key(x)).flatten(2)  # (N, C/8, H*W), (N, C/8, keys)
        return (query.mT @ key).softmax(dim=2)

    def forward(self, x: Tensor) -> Tensor:
        value = self._pooled(self.value(x)).flatten(2)  # (N, C/2, keys)
        attended = (value @ self.attention(x).mT).unflatten(2, x.shape[2:])  # (N, C/2, H*W) -> (N, C/2, H, W)
        return x + self.sigma * self.out(attended)  # (N, C, H, W)

    def _pooled(self, x: Tensor) -> Tensor:
        return max_pool2d(x, 2) if self.pool else x
