"""Exponential moving average of weights, usually those of the generators, which replaces them for sampling."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from ganzoo.config.average import Rule, warmed_up
from ganzoo.procedure import Procedure
from ganzoo.sampling.standing_statistics import StandingStatistics


class Ema:
    """Averages weights: average <- decay * average + (1 - decay) * weight.

    Only parameters are averaged. The statistics of batch norm are estimated for the average when it is used; all other
    buffers are those of the trained network.

    Args:
        procedure: Its averaged() modules are averaged.
        decay: Weight of the old average, as a function of the number of earlier updates. A number is a constant below 1
            that is at most (1 + t) / (10 + t) in the first updates t; 0 averages nothing, so that no caller has to ask.
        standing: Estimates the statistics; None to use those of the trained network.
        others: Further averages by name, which are updated with this one.
    """

    def __init__(
        self,
        procedure: Procedure,
        decay: float | Rule,
        standing: StandingStatistics | None = None,
        others: Mapping[str, Ema] | None = None,
    ):
        self.rule = decay if callable(decay) else warmed_up(decay)
        self.others = dict(others or {})
        self.updates = 0
        averaged = {id(p) for module in procedure.averaged() for p in module.parameters()} if decay else set()
        self.live: dict[str, nn.Parameter] = {
            name: p for name, p in procedure.named_parameters() if id(p) in averaged and p.requires_grad
        }
        self.average: dict[str, Tensor] = {name: p.detach().clone() for name, p in self.live.items()}
        self.standing = standing if decay else None
        self._statistics: dict[str, Tensor] | None = None  # of the present average

    @torch.no_grad()
    def update(self) -> None:
        """Add the present weights to the average."""
        for other in self.others.values():
            other.update()
        if not self.live:
            return
        decay = self.rule(self.updates)
        torch._foreach_lerp_(list(self.average.values()), [p.data for p in self.live.values()], 1 - decay)
        self.updates += 1
        self._statistics = None

    def load(self, average: Mapping[str, Tensor], updates: int) -> None:
        """Replace the average.

        Args:
            average: The averaged weights; other tensors are ignored.
            updates: Number of updates that they come from.
        """
        for name, tensor in self.average.items():
            tensor.copy_(average[name])
        self.updates = updates
        self._statistics = None

    def tensors(self) -> dict[str, Tensor]:
        """Return the averaged weights and their batch-norm statistics, by their names in the procedure."""
        with self.swapped_in():
            return {**self.average, **(self._statistics or {})}

    @contextmanager
    def swapped_in(self) -> Iterator[None]:
        """Replace the weights by their average, with its batch-norm statistics, inside the block."""
        buffers = self.standing.buffers() if self.standing else {}
        live = {**self.live, **buffers}
        trained = {name: tensor.data for name, tensor in live.items()}
        statistics = self._statistics or {name: buffer.detach().clone() for name, buffer in buffers.items()}
        for name, tensor in live.items():
            tensor.data = statistics[name] if name in statistics else self.average[name]
        try:
            if self.standing and self._statistics is None:
                self.standing.estimate()
                self._statistics = statistics
            yield
        finally:
            for name, tensor in live.items():
                tensor.data = trained[name]
