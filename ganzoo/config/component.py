"""Components that a recipe's tables ask for, with their settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ganzoo.config import change
from ganzoo.config.change import Change, Place
from ganzoo.config.signature import Signature, describe, general_settings, is_schedulable, loaded, named_general
from ganzoo.config.upgrade import upgraded
from ganzoo.errors import RecipeError, one_line
from ganzoo.registry.zoo import Entry, Zoo


@dataclass(frozen=True)
class Blueprint:
    """A component and its settings. Calling it builds the component: `generator(spec)`, `loss()`.

    A procedure may build the same blueprint several times.

    Attributes:
        entry: The component in the registry.
        settings: Settings by name, without those left at their defaults.
        changes: The settings among them that change in training, which is built with the first of their values.
    """

    entry: Entry
    settings: Mapping[str, Any] = field(default_factory=dict)
    changes: Mapping[Place, Change] = field(default_factory=dict)

    def __call__(self, *args: Any, **more: Any) -> Any:
        """Build the component; keyword arguments win over the settings."""
        target = self.entry.load()
        others = general_settings(self.entry.kind, target)
        settings = change.at_end(self.settings, self.changes, end=False)
        own = {name: value for name, value in settings.items() if name not in others}
        built = target(*args, **{**self.signature.with_floats(own), **more})
        change.record(built, self.changes)
        return built

    @cached_property
    def signature(self) -> Signature:
        """The settings and parts that the component takes; imports it."""
        return loaded(self.entry)

    def problems(self) -> list[str]:
        """Return one sentence for each setting that is wrong."""
        owner, known = f"{self.entry.kind} {self.entry.name!r}", self.signature.settings
        constant = [
            name
            for name, _ in self.changes
            if name in known and self.entry.kind != "optimizer" and not is_schedulable(known[name])
        ]
        if constant:
            able = ", ".join(name for name, parameter in known.items() if is_schedulable(parameter))
            return [
                f"{owner}, {name}: does not change in training; of its settings, these can: {able or 'none'}."
                for name in constant
            ]
        ends = [change.at_end(self.settings, self.changes, end) for end in (False, True)]
        return [*dict.fromkeys(problem for end in ends for problem in self.signature.problems(owner, end))]

    def filled(self) -> dict[str, Any]:
        """Return a table with the full name, the settings, and the defaults of all others that JSON can hold.

        A setting of all components of a kind that is left out stays so: tables of earlier versions have none.
        """
        defaults = describe(self.entry).defaults()
        for name in named_general(self.entry.kind):
            if defaults.get(name, ...) is None:
                del defaults[name]
        return {"use": self.entry.full_name, **defaults, **self.settings}


@dataclass(frozen=True)
class PerPlayer:
    """The [optimizer] or [schedule] of every player.

    Attributes:
        base: The component of each player that has no table of its own.
        others: The components of the players that have one, as [optimizer.PLAYER].
    """

    base: Blueprint
    others: Mapping[str, Blueprint]

    def of(self, player: str) -> Blueprint:
        """Return the component of a player."""
        return self.others.get(player, self.base)

    def filled(self) -> dict[str, Any]:
        """Return the table with every default, and a complete table for each player that has its own."""
        return {**self.base.filled(), **{player: blueprint.filled() for player, blueprint in self.others.items()}}


def from_table(kind: str, table: Any, zoo: Zoo) -> Blueprint:
    """Return the blueprint of a table such as {"use": "mlp", "z_dim": 4}, in today's spelling of names and settings.

    Args:
        kind: One of the zoo's kinds.
        table: The table of a recipe; its settings are not checked.
        zoo: The components that `use` is looked up in.

    Returns:
        The component with its settings.

    Raises:
        GanzooError: When it is no table, has no `use`, or when no component has that name.
    """
    if not isinstance(table, dict):
        raise RecipeError(f"should be a table, not {one_line(repr(table))}")
    if not isinstance(table.get("use"), str):
        raise RecipeError(f'needs use = "NAME" to say which {kind}; see `ganzoo list {kind}`')
    entry, settings = upgraded(kind, table, zoo)
    changes = {place: changing_number(place[0], number, zoo) for place, number in change.places(settings)}
    return Blueprint(entry, settings, changes)


def changing_number(name: str, table: Mapping[str, Any], zoo: Zoo) -> Change:
    """Read a table in place of a number.

    Args:
        name: The setting.
        table: Its two ends, and a schedule.
        zoo: The components that the schedule is looked up in.

    Returns:
        The number as a function of the step.

    Raises:
        GanzooError: The table has no such form, or there is no such schedule.
    """
    schedule = from_table("schedule", {key: value for key, value in table.items() if key not in change.OWN}, zoo)
    if problems := schedule.problems():
        raise RecipeError(f"{name}: {' '.join(problems)}")
    return change.parse(name, table, schedule)
