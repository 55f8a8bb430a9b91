"""Findings, and the settings that they suggest to change, as on the command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ganzoo.diagnosis.history import History

Recipe = Mapping[str, Any]
STEP = 4  # factor between learning rates: a smaller one hardly changes training, a larger one overshoots


@dataclass(frozen=True)
class Finding:
    """A problem of a run.

    Args:
        name: Name of the rule, see docs/diagnosis.md.
        evidence: The values that show the problem, as a sentence.
        change: A setting to try, such as "loss.use=non_saturating".
        since_step: Logged step since which the problem has lasted.
    """

    name: str
    evidence: str
    change: str
    since_step: int

    def __str__(self) -> str:
        return f"{self.name.replace('_', ' ')} since step {self.since_step}: {self.evidence}. Try {self.change}"


def component(recipe: Recipe, table: str) -> str:
    """Return the component of a table without its package: "minimax" for "ganzoo/minimax"; "" if there is none."""
    settings = recipe.get(table, {})
    return str(settings.get("use", "")).rpartition("/")[2] if isinstance(settings, Mapping) else ""


def learning_rate(recipe: Recipe, player: str) -> float:
    """Return the learning rate of a player, or of all players; 0 if the optimizer has none."""
    table = recipe.get("optimizer", {})
    settings = table.get(player)
    rate = (settings if isinstance(settings, Mapping) else table).get("lr")
    return float(rate) if isinstance(rate, (int, float)) else 0.0


def divide_rate(history: History, player: str, factor: float = STEP) -> str:
    """Suggest a lower learning rate for a player."""
    return set_rate(history, player, learning_rate(history.recipe, player) / factor)


def set_rate(history: History, player: str, rate: float) -> str:
    """Suggest a learning rate for a player, or for all players if none has this name."""
    setting = f"optimizer.{player}.lr" if history.names(f"gradient/{player}") else "optimizer.lr"
    return f"{setting}={rate:.2g}"


def divide_all_rates(history: History, factor: float = STEP) -> str:
    """Suggest a lower learning rate for all players."""
    return f"optimizer.lr={learning_rate(history.recipe, '') / factor:.2g}"
