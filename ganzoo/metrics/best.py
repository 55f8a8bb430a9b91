"""The score that decides which checkpoint is the best."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ganzoo.errors import RecipeError, did_you_mean
from ganzoo.runs.scores import BEST_OF, Score, deciding, has_name


def check(name: str, results: Sequence[str]) -> None:
    """Check that the metrics of a run give the result that decides.

    Args:
        name: The setting `evaluate.best`, with or without the extractor; "" for the first suitable result.
        results: Names of the scores of a run.

    Raises:
        RecipeError: No metric gives this result.
    """
    if name and not any(has_name(result, name) for result in results):
        known = [result.partition("@")[0] for result in results]
        raise RecipeError(
            f"[evaluate] best: none of the metrics gives {name!r}.{did_you_mean(name, known)} "
            f"They give: {', '.join(known)}."
        )


def is_best(score: Score, earlier: Iterable[Score]) -> bool:
    """Return True when a score is better than all earlier ones with the same name and protocol."""
    values = [other.value for other in earlier if other.kind == score.kind]
    if score.better == "higher":
        return all(score.value > value for value in values)
    return all(score.value < value for value in values)


@dataclass(frozen=True)
class Standing:
    """Best score of a run, and how long it has been the best.

    Attributes:
        best: The best score, the earliest of equal ones.
        since: Number of evaluations after it, none of which was better.
    """

    best: Score
    since: int


def standing(scores: Iterable[Score], name: str, every: int, step: int) -> Standing | None:
    """Find the best score up to a step, and count the evaluations since.

    Only evaluations at multiples of `every` count, each once: a run that is resumed with more steps has a score of the
    step at which it ended before, and scores that `ganzoo evaluate` appended.

    Args:
        scores: Scores of a run, in the order of evaluation.
        name: As for check().
        every: Steps between two evaluations.
        step: The step whose evaluation is the newest that counts.

    Returns:
        The standing; None if the step has no score that can decide.
    """
    scores = [*scores]
    newest = deciding([score for score in scores if score.step == step], name)
    if newest is None:
        return None
    counted: dict[int, Score] = {}
    for score in scores:
        if score.step % every == 0 and score.step <= step and score.kind == newest.kind:
            counted.setdefault(score.step, score)
    in_order = [counted[t] for t in sorted(counted)]
    best = BEST_OF[newest.better](in_order, key=lambda score: score.value)
    return Standing(best, len(in_order) - 1 - in_order.index(best))
