"""Self-attention over the pixels of a map, SAGAN, Zhang et al. 2019 (arXiv:1805.08318), section 3."""

import torch
from torch import Tensor, nn
from torch.nn.functional import max_pool2d


class SelfAttention(nn.Module):
    """x + sigma * o(x): each pixel also sees the pixels that its query asks for, wherever they are. sigma starts at 0.

    Queries and keys have an eighth of the channels, values a half. pool: keys and values from the map at half its
    side, as in the authors' code and not in the paper's formulas; four times less to compute.
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
        """(N, C, H, W) -> (N, H*W, keys): what each pixel looks at; each row sums to one."""
        query, key = self.query(x).flatten(2), self._fewer(self.key(x)).flatten(2)  # (N, C/8, H*W), (N, C/8, keys)
        return (query.mT @ key).softmax(dim=2)

    def forward(self, x: Tensor) -> Tensor:
        value = self._fewer(self.value(x)).flatten(2)  # (N, C/2, keys)
        seen = (value @ self.attention(x).mT).unflatten(2, x.shape[2:])  # (N, C/2, H*W) -> (N, C/2, H, W)
        return x + self.sigma * self.out(seen)  # (N, C, H, W)

    def _fewer(self, x: Tensor) -> Tensor:
        return max_pool2d(x, 2) if self.pool else x
