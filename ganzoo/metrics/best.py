"""Which score says how good a run is, and whether it was ever better."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ganzoo.errors import RecipeError, did_you_mean
from ganzoo.runs.scores import BEST_OF, Score


def check(wanted: str, results: Sequence[str]) -> None:
    """Errors: RecipeError for an [evaluate] best that no metric of the run gives."""
    if wanted and not any(_is(wanted, result) for result in results):
        known = [result.partition("@")[0] for result in results]
        raise RecipeError(
            f"[evaluate] best: none of the metrics gives {wanted!r}.{did_you_mean(wanted, known)} "
            f"They give: {', '.join(known)}."
        )


def deciding(scores: Iterable[Score], wanted: str) -> Score | None:
    """The score by the name that was asked for, with or without its extractor; the first that has a better side."""
    for score in scores:
        if (_is(wanted, score.name) if wanted else True) and score.better in BEST_OF:
            return score
    return None


def is_best(score: Score, earlier: Iterable[Score]) -> bool:
    """Whether none that it can be compared with was as good before."""
    rivals = [one.value for one in earlier if one.kind == score.kind]
    if score.better == "higher":
        return all(score.value > value for value in rivals)
    return all(score.value < value for value in rivals)


def _is(wanted: str, name: str) -> bool:
    return wanted in (name, name.partition("@")[0])
