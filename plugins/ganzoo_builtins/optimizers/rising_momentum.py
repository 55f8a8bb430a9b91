"""Gradient descent whose momentum rises, as the code published with Goodfellow et al. 2014 (arXiv:1406.2661) has it."""

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field, PositiveFloat, PositiveInt
from torch import nn
from torch.optim import SGD, Optimizer

Momentum = Annotated[float, Field(gt=0, lt=1)]  # of exactly 0 torch keeps no past that could be taken up later


class RisingMomentum(SGD):
    """torch's SGD, with a momentum that rises along a straight line from `start` to `end` within `updates` updates.

    The defaults are those of the first GAN: 0.5 to 0.7 over 250 epochs of 500 updates. There momentum gathers steps
    and here gradients, which differ only as fast as the learning rate does. How many updates there were is kept with
    the other settings of each group of parameters, and so in checkpoints.
    """

    def __init__(
        self,
        params: Iterable[nn.Parameter],
        lr: PositiveFloat = 0.1,
        start: Momentum = 0.5,
        end: Momentum = 0.7,
        updates: PositiveInt = 125_000,
    ):
        super().__init__(params, lr, momentum=start, fused=True)
        for group in self.param_groups:
            group.update(start=start, end=end, updates=updates, updated=0)
        self.register_step_pre_hook(rise)


def rise(optimizer: Optimizer, *_: object) -> None:
    """Raise the momentum before each update."""
    for group in optimizer.param_groups:
        progress = min(1.0, group["updated"] / group["updates"])
        group["momentum"] = group["start"] + (group["end"] - group["start"]) * progress
        group["updated"] += 1
