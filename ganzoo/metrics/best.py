"""The score that decides which checkpoint is the best."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ganzoo.errors import RecipeError, did_you_mean
from ganzoo.runs.scores import BEST_OF, Score


def check(name: str, results: Sequence[str]) -> None:
    """Check that the metrics of a run give the result that decides.

    Args:
        name: The setting `evaluate.best`, with or without the extractor; "" for the first suitable result.
        results: Names of the scores of a run.

    Raises:
        RecipeError: No metric gives this result.
    """
    if name and not any(_matches(name, result) for result in results):
        known = [result.partition("@")[0] for result in results]
        raise RecipeError(
            f"[evaluate] best: none of the metrics gives {name!r}.{did_you_mean(name, known)} "
            f"They give: {', '.join(known)}."
        )


def deciding(scores: Iterable[Score], name: str) -> Score | None:
    """Return the first score that has a better direction, and this name if one is given.

    Args:
        scores: Scores of a step.
        name: As for check().

    Returns:
        The score, or None if there is none.
    """
    for score in scores:
        if (_matches(name, score.name) if name else True) and score.better in BEST_OF:
            return score
    return None


def is_best(score: Score, earlier: Iterable[Score]) -> bool:
    """Return True when a score is better than all earlier ones with the same name and protocol."""
    values = [other.value for other in earlier if other.kind == score.kind]
    if score.better == "higher":
        return all(score.value > value for value in values)
    return all(score.value < value for value in values)


def _matches(name: str, result: str) -> bool:
    return name in (result, result.partition("@")[0])
