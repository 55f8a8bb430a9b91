"""A pool of earlier fakes, which the discriminator meets again: Shrivastava et al. 2017 (arXiv:1612.07828)."""

import torch
from torch import Tensor, nn

from ganzoo import Spec


class Replay(nn.Module):
    """The first `size` fakes fill the pool. From then on each fake changes places, with chance `share`, with one there.

    The pool is state: it is in every checkpoint, and each process has its own.
    """

    x: Tensor
    y: Tensor
    filled: Tensor

    def __init__(self, spec: Spec, size: int, share: float):
        super().__init__()
        self.size, self.share = size, share
        self.register_buffer("x", torch.zeros(size, *spec.shape, dtype=torch.long if spec.vocab else None))
        self.register_buffer("y", torch.zeros(size, dtype=torch.long))
        self.register_buffer("filled", torch.tensor(0))

    @torch.no_grad()
    def forward(self, x: Tensor, y: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Fakes (N, *shape) and their labels (N,), if any -> as many, some of them old."""
        filled = int(self.filled)
        if filled < self.size:
            fits = min(len(x), self.size - filled)
            self._put(torch.arange(filled, filled + fits, device=x.device), x[:fits], y[:fits] if y is not None else y)
            self.filled += fits
            return x, y
        swapped = (torch.rand(len(x), device=x.device) < self.share).nonzero().flatten()[: self.size]  # (n,), n <= N
        places = torch.randperm(self.size, device=x.device)[: len(swapped)]  # (n,), each once
        old_x, old_y = self.x[places], self.y[places]
        self._put(places, x[swapped], y[swapped] if y is not None else y)
        return (
            x.index_copy(0, swapped, old_x.to(x.dtype)),
            y.index_copy(0, swapped, old_y) if y is not None else y,
        )

    def _put(self, places: Tensor, x: Tensor, y: Tensor | None) -> None:
        self.x[places] = x.to(self.x.dtype)
        if y is not None:
            self.y[places] = y
