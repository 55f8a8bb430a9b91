"""What goes wrong in a run, told by its numbers alone: rules, each a function of the history. Imports no torch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ganzoo.diagnosis.balance import dead_discriminator, discriminator_won
from ganzoo.diagnosis.finding import Finding
from ganzoo.diagnosis.history import History
from ganzoo.diagnosis.mode_collapse import generator_collapsed, memorising
from ganzoo.diagnosis.stability import exploding_gradients, oscillation
from ganzoo.runs.scores import Score

if TYPE_CHECKING:
    from ganzoo.sampling.run import Run

RULES = (
    exploding_gradients,
    discriminator_won,
    dead_discriminator,
    generator_collapsed,
    oscillation,
    memorising,
)

__all__ = ["RULES", "Finding", "diagnose", "examine"]


def diagnose(run: Run) -> list[Finding]:
    """What is wrong with a run as it stands; nothing is far more likely to be missed than to be wrong.

    Errors: RunError when resolved.json cannot be read.
    """
    return examine(run.metrics(), run.scores(), run.resolved["recipe"])


def examine(
    rows: Iterable[Mapping[str, Any]], scores: Iterable[Score] = (), recipe: Mapping[str, Any] | None = None
) -> list[Finding]:
    """The same of a run's rows, scores and resolved recipe."""
    history = History([*rows], [*scores], recipe or {})
    return [found for found in (rule(history) for rule in RULES) if found]
