"""Earlier fakes for the discriminator: the pool of Shrivastava et al. 2017 (arXiv:1612.07828), section 2.3."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import torch
from pydantic import Field, PositiveInt
from torch import Tensor, nn

from ganzoo import Batch, Blueprint, Fakes, Move, Spec
from ganzoo_builtins.procedures.adversarial import Adversarial


class Replay(Adversarial):
    """The procedure `adversarial` with a pool of earlier fakes for the discriminator (arXiv:1612.07828).

    Args:
        spec: Shape, kind and classes of the samples.
        generator: Blueprint of the generator.
        discriminator: Blueprint of the discriminator.
        loss: Blueprint of the loss.
        regularizer: Blueprints of the regularizers.
        d_steps: Discriminator moves per step.
        g_steps: Generator moves per step.
        size: Number of fakes in the pool.
        share: Probability of a new fake to change places with one in the pool, once the pool is full.

    Raises:
        IncompatibleError: A regularizer compares conditional samples one by one.
    """

    def __init__(
        self,
        spec: Spec,
        generator: Blueprint,
        discriminator: Blueprint,
        loss: Blueprint,
        regularizer: list[Blueprint] | None = None,
        d_steps: PositiveInt = 1,
        g_steps: PositiveInt = 1,
        size: PositiveInt = 512,
        share: Annotated[float, Field(ge=0, le=1)] = 0.5,
    ):
        super().__init__(spec, generator, discriminator, loss, regularizer, d_steps, g_steps)
        self.replay = Pool(spec, size, share)
        self.refuse_mixed_labels(
            "replay has fakes of other labels than the batch, and {} compares samples under one label. Leave one of "
            "them out."
        )

    def discriminator_move(self, batch: Batch, fakes: Fakes, t: int) -> Iterator[Move]:
        return super().discriminator_move(batch, self.replay(fakes), t)


class Pool(nn.Module):
    """Pool of earlier fakes. The first `size` fill it; after that each new fake may change places with one in it.

    The pool is part of every checkpoint, and each process has its own.
    """

    x: Tensor
    y: Tensor
    filled: Tensor

    def __init__(self, spec: Spec, size: int, share: float):
        super().__init__()
        self.size = size
        self.share = share
        self.register_buffer("x", torch.zeros(size, *spec.shape, dtype=torch.long if spec.vocab else None))
        self.register_buffer("y", torch.zeros(size, dtype=torch.long))
        self.register_buffer("filled", torch.tensor(0))

    @torch.no_grad()
    def forward(self, fakes: Fakes) -> Fakes:
        """Return as many fakes (N, *shape), without a graph and some of them from the pool."""
        x, y, _ = fakes
        filled = int(self.filled)
        if filled < self.size:
            new = min(len(x), self.size - filled)
            self._put(torch.arange(filled, filled + new, device=x.device), x[:new], y[:new] if y is not None else y)
            self.filled += new
            return fakes
        swapped = (torch.rand(len(x), device=x.device) < self.share).nonzero().flatten()[: self.size]  # (n,), n <= N
        places = torch.randperm(self.size, device=x.device)[: len(swapped)]  # (n,), each once
        old_x, old_y = self.x[places], self.y[places]
        self._put(places, x[swapped], y[swapped] if y is not None else y)
        return fakes._replace(
            x=x.index_copy(0, swapped, old_x.to(x.dtype)),
            y=y.index_copy(0, swapped, old_y) if y is not None else y,
        )

    def _put(self, places: Tensor, x: Tensor, y: Tensor | None) -> None:
        self.x[places] = x.to(self.x.dtype)
        if y is not None:
            self.y[places] = y
