"""Exponential moving average of weights, usually those of the generators, which replaces them for sampling."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from ganzoo.procedure import Procedure


class Ema:
    """Averages weights: average <- decay * average + (1 - decay) * weight.

    During the first updates t the decay is at most (1 + t) / (10 + t). Only parameters are averaged; buffers, such as
    the statistics of batch norm, are those of the trained network.

    Args:
        procedure: Its averaged() modules are averaged.
        decay: Weight of the old average, below 1; 0 to average nothing, so that no caller has to ask.
    """

    def __init__(self, procedure: Procedure, decay: float):
        self.decay = decay
        self.updates = 0
        averaged = {id(p) for module in procedure.averaged() for p in module.parameters()} if decay else set()
        self.live: dict[str, nn.Parameter] = {
            name: p for name, p in procedure.named_parameters() if id(p) in averaged and p.requires_grad
        }
        self.average: dict[str, Tensor] = {name: p.detach().clone() for name, p in self.live.items()}

    @torch.no_grad()
    def update(self) -> None:
        """Add the present weights to the average."""
        if not self.live:
            return
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        torch._foreach_lerp_(list(self.average.values()), [p.data for p in self.live.values()], 1 - decay)
        self.updates += 1

    @contextmanager
    def swapped_in(self) -> Iterator[None]:
        """Replace the weights by their average inside the block."""
        trained = {name: p.data for name, p in self.live.items()}
        for name, p in self.live.items():
            p.data = self.average[name]
        try:
            yield
        finally:
            for name, p in self.live.items():
                p.data = trained[name]
