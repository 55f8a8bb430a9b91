"""Components that a recipe's tables ask for, with their settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ganzoo.config.signature import Signature, describe, general_settings, loaded
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
    """

    entry: Entry
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self, *args: Any, **more: Any) -> Any:
        """Build the component; keyword arguments win over the settings."""
        target = self.entry.load()
        others = general_settings(self.entry.kind, target)
        own = {name: value for name, value in self.settings.items() if name not in others}
        return target(*args, **{**self.signature.with_floats(own), **more})

    @cached_property
    def signature(self) -> Signature:
        """The settings and parts that the component takes; imports it."""
        return loaded(self.entry)

    def problems(self) -> list[str]:
        """Return one sentence for each setting that is wrong."""
        return self.signature.problems(f"{self.entry.kind} {self.entry.name!r}", self.settings)

    def filled(self) -> dict[str, Any]:
        """Return a table with the full name, the settings, and the defaults of all others that JSON can hold."""
        return {"use": self.entry.full_name, **describe(self.entry).defaults(), **self.settings}


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
    return Blueprint(*upgraded(kind, table, zoo))
