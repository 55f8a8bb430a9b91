"""What a recipe is set to, and what to set instead, in the words of the command line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ganzoo.diagnosis.history import History

Recipe = Mapping[str, Any]
STEP = 4  # learning rates are tried in steps of about that factor: less hardly shows, more overshoots


def use(recipe: Recipe, table: str) -> str:
    """The component of a table without its owner: "minimax" of "ganzoo/minimax"; "" where there is none."""
    found = recipe.get(table, {})
    return str(found.get("use", "")).rpartition("/")[2] if isinstance(found, Mapping) else ""


def optimizer(recipe: Recipe, player: str) -> Mapping[str, Any]:
    """The settings of a player's optimizer: its own where it has some, else everybody's."""
    table = recipe.get("optimizer", {})
    own = table.get(player)
    return own if isinstance(own, Mapping) else table


def rate(recipe: Recipe, player: str) -> float:
    """A player's learning rate; 0 where the optimizer has none."""
    found = optimizer(recipe, player).get("lr")
    return float(found) if isinstance(found, (int, float)) else 0.0


def slower(history: History, player: str, factor: float = STEP) -> str:
    """An assignment that divides a player's learning rate."""
    return at_rate(history, player, rate(history.recipe, player) / factor)


def at_rate(history: History, player: str, lr: float) -> str:
    """An assignment that sets a player's learning rate: everybody's where nobody has that name."""
    own = f"optimizer.{player}.lr" if history.names(f"gradient/{player}") else "optimizer.lr"
    return f"{own}={lr:.2g}"


def all_slower(history: History, factor: float = STEP) -> str:
    """An assignment that divides everybody's learning rate."""
    return f"optimizer.lr={rate(history.recipe, '') / factor:.2g}"
