"""Learning-rate factor of each step and player, from the table [schedule]."""

from __future__ import annotations

from torch.optim import Optimizer

from ganzoo.config.component import PerPlayer
from ganzoo.interfaces import Schedule


class LRScheduler:
    """Sets the learning rates of all optimizers; leaves them alone without a [schedule].

    Args:
        schedules: The schedule of each player; None without a [schedule].
        optimizers: The optimizer of each player, with its initial learning rates.
    """

    def __init__(self, schedules: PerPlayer | None, optimizers: dict[str, Optimizer]):
        self.plan: list[tuple[Optimizer, list[float], Schedule]] = []
        if schedules:
            for player, optimizer in optimizers.items():
                initial = [group["lr"] for group in optimizer.param_groups]
                self.plan.append((optimizer, initial, schedules.of(player)()))

    def set(self, t: int, steps: int) -> None:
        """Set the learning rates of one step.

        Args:
            t: Number of steps done, from 0.
            steps: Number of steps of the whole run.
        """
        for optimizer, initial, schedule in self.plan:
            factor = schedule(t, steps)
            for group, rate in zip(optimizer.param_groups, initial, strict=True):
                group["lr"] = rate * factor
