"""Diagnosis of a run from its logged values: rules, each a function of the history. This package imports no torch."""

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
    """Find problems in the current state of a run. The rules prefer a missed problem to a false alarm.

    Args:
        run: The run.

    Returns:
        The findings, at most one of each rule.

    Raises:
        RunError: resolved.json cannot be read.
    """
    return examine(run.metrics(), run.scores(), run.resolved["recipe"])


def examine(
    rows: Iterable[Mapping[str, Any]], scores: Iterable[Score] = (), recipe: Mapping[str, Any] | None = None
) -> list[Finding]:
    """Find problems in logged values and scores.

    Args:
        rows: Rows of metrics.jsonl.
        scores: Scores of the run.
        recipe: The recipe, as in resolved.json.

    Returns:
        The findings, at most one of each rule.
    """
    history = History([*rows], [*scores], recipe or {})
    return [finding for finding in (rule(history) for rule in RULES) if finding]
