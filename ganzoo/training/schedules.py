"""Numbers of each step: learning rates by the table [schedule], and settings that the recipe has as tables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from torch.optim import Optimizer

from ganzoo.config.change import Changing, Place
from ganzoo.config.component import Blueprint, PerPlayer
from ganzoo.errors import RecipeError


class Schedules:
    """Sets all numbers that change in training before each step. They are functions of the step, so nothing is saved.

    Args:
        schedules: The schedule of each player's learning rate; None without a [schedule].
        settings: The optimizer of each player, from the recipe.
        optimizers: The optimizer of each player, with its initial learning rates.
        changing: Settings of other components.

    Raises:
        RecipeError: A setting of an optimizer does not change in training.
    """

    def __init__(
        self,
        schedules: PerPlayer | None,
        settings: PerPlayer,
        optimizers: dict[str, Optimizer],
        changing: Iterable[Changing] = (),
    ):
        self.changing = list(changing)
        self.players = [
            _Player(optimizer, settings.of(player), schedules.of(player)() if schedules else None)
            for player, optimizer in optimizers.items()
        ]

    def set(self, t: int, steps: int) -> None:
        """Set the numbers of one step.

        Args:
            t: Number of steps done, from 0.
            steps: Number of steps of the whole run.
        """
        for item in self.changing:
            setattr(item.component, item.name, item.change(t, steps))
        for player in self.players:
            player.set(t, steps)


class _Player:
    """The numbers of one optimizer."""

    def __init__(self, optimizer: Optimizer, settings: Blueprint, schedule: Any):
        self.optimizer = optimizer  # whose groups are others once a checkpoint is loaded
        self.changes = settings.changes
        self.schedule = schedule
        groups = optimizer.param_groups
        self.rates = [group["lr"] for group in groups]
        for name, _ in self.changes:
            if not any(name in group for group in groups):
                able = ", ".join(name for name in settings.signature.settings if name in groups[0])
                raise RecipeError(
                    f"optimizer {settings.entry.name!r}, {name}: does not change in training; of its settings, these "
                    f"can: {able}."
                )

    def set(self, t: int, steps: int) -> None:
        if not self.changes and self.schedule is None:
            return
        rates = self.rates
        for place, change in self.changes.items():
            value = change(t, steps)
            if place[0] == "lr":
                largest = max(self.rates) or 1.0
                rates = [value * (rate / largest if max(self.rates) else 1.0) for rate in self.rates]
            else:
                self._put(place, value)
        factor = self.schedule(t, steps) if self.schedule else 1.0
        for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
            group["lr"] = rate * factor

    def _put(self, place: Place, value: float) -> None:
        name, index = place
        for group in self.optimizer.param_groups:
            if name in group:
                group[name] = value if index is None else _replaced(group[name], index, value)


def _replaced(values: Iterable[float], index: int, value: float) -> tuple[float, ...]:
    changed = [*values]
    changed[index] = value
    return tuple(changed)
