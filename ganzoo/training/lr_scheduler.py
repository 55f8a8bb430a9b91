"""Learning rates by schedule."""

from __future__ import annotations

from torch.optim import Optimizer

from ganzoo.config.component import PerPlayer
from ganzoo.interfaces import Schedule


class LRScheduler:
    """Sets every optimizer's learning rates for a step; leaves them alone without a [schedule]."""

    def __init__(self, schedules: PerPlayer | None, optimizers: dict[str, Optimizer]):
        self.plan: list[tuple[Optimizer, list[float], Schedule]] = []
        if schedules:
            for player, optimizer in optimizers.items():
                initial = [group["lr"] for group in optimizer.param_groups]
                self.plan.append((optimizer, initial, schedules.of(player)()))

    def set(self, t: int, steps: int) -> None:
        for optimizer, initial, schedule in self.plan:
            factor = schedule(t, steps)
            for group, rate in zip(optimizer.param_groups, initial, strict=True):
                group["lr"] = rate * factor
