"""Gradient descent with increasing momentum, as in the code published with Goodfellow et al. 2014 (arXiv:1406.2661)."""

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field, PositiveFloat, PositiveInt
from torch import nn
from torch.optim import SGD, Optimizer

Momentum = Annotated[float, Field(gt=0, lt=1)]  # with exactly 0 torch keeps no momentum buffer to continue later


class RisingMomentum(SGD):
    """SGD with a momentum that increases linearly.

    The defaults are those of the first GAN: 0.5 to 0.7 over 250 epochs of 500 updates. Its momentum accumulates steps
    and the one here gradients, which differ only when the learning rate changes. The number of updates is stored with
    the settings of each parameter group, and so in checkpoints.

    Args:
        params: Parameters of the player.
        lr: Learning rate.
        start: Momentum of the first update.
        end: Momentum after `updates` updates.
        updates: Number of updates over which the momentum increases.
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
        self.register_step_pre_hook(increase_momentum)


def increase_momentum(optimizer: Optimizer, *_: object) -> None:
    """Set the momentum of the next update."""
    for group in optimizer.param_groups:
        progress = min(1.0, group["updated"] / group["updates"])
        group["momentum"] = group["start"] + (group["end"] - group["start"]) * progress
        group["updated"] += 1
