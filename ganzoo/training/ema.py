"""An exponential moving average of weights, those of the generators as a rule, swapped in for sampling."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from ganzoo.procedure import Procedure


class Ema:
    """average <- decay * average + (1 - decay) * weight, with decay capped at (1 + t) / (10 + t) while t is small.

    Only parameters are averaged: buffers such as batch norm's statistics are those of the live network.
    """

    def __init__(self, procedure: Procedure, decay: float):
        self.decay = decay
        self.updates = 0
        chosen = {id(p) for module in procedure.averaged() for p in module.parameters()}
        self.live: dict[str, nn.Parameter] = {
            name: p for name, p in procedure.named_parameters() if id(p) in chosen and p.requires_grad
        }
        self.average: dict[str, Tensor] = {name: p.detach().clone() for name, p in self.live.items()}

    @torch.no_grad()
    def update(self) -> None:
        """Take in the weights as they are after a step."""
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        torch._foreach_lerp_(list(self.average.values()), [p.data for p in self.live.values()], 1 - decay)
        self.updates += 1

    @contextmanager
    def swapped_in(self) -> Iterator[None]:
        """The procedure has the averaged weights inside this block, and its own again after it."""
        own = {name: p.data for name, p in self.live.items()}
        for name, p in self.live.items():
            p.data = self.average[name]
        try:
            yield
        finally:
            for name, p in self.live.items():
                p.data = own[name]
