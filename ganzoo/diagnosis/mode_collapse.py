"""Rules on the generated samples: mode collapse, and memorized training data."""

from __future__ import annotations

from typing import Any

from ganzoo.diagnosis.balance import recognizes_all
from ganzoo.diagnosis.finding import Finding, divide_rate, learning_rate, set_rate
from ganzoo.diagnosis.history import History, unbroken

ALIKE = 0.2  # of the diversity of real samples: first grids of healthy runs had at least 0.37
GRIDS = 3  # in a row: two could be chance
RISE = 1.1  # from the first of them to the last: above it, the generator is improving
SETTLED = 3.0  # averaging periods 1 / (1 - ema): before that, averaged weights are close to the initial ones
LOST = 0.5  # of the score of real samples: half of the classes or modes are missing
COVER = ("class_coverage", "modes")  # scores that count classes or modes, and do not depend on sharpness
HALF = 0.5  # of a run: earlier, missing classes only mean that training is not finished
BY_HEART = 0.5  # of the typical distance to the nearest training sample: healthy generators have about 1


def generator_collapsed(history: History) -> Finding | None:
    """Find a generator whose samples are almost identical, or lack half of the classes or modes."""
    return _alike(history) or _lost(history)


def _alike(history: History) -> Finding | None:
    diversity = history.series("samples/diversity")
    start = SETTLED / (1 - _decay(history.recipe.get("run", {}).get("ema", 0.0)))
    grids = [(t, value) for t, value in zip(diversity.steps, diversity.values, strict=True) if t >= start]
    low = unbroken([value <= ALIKE for _, value in grids])
    if low < GRIDS or grids[-1][1] > RISE * grids[-low][1]:
        return None
    never_better = max(diversity.values) <= ALIKE
    if never_better and (not history.past(HALF) or recognizes_all(history)):  # the generator has not learned yet
        return None
    evidence = f"samples of a grid differ {grids[-1][1]:.2g} times as much as real ones do, in the last {low} grids"
    return Finding("generator_collapsed", evidence, _change(history), grids[-low][0])


def _lost(history: History) -> Finding | None:
    score = history.score(*COVER)
    if score is None or score.floor is None or not history.past(HALF) or score.value > LOST * score.floor:
        return None
    evidence = f"{score.name} is {score.value:.4g}, where real samples have {score.floor:.4g}"
    return Finding("generator_collapsed", evidence, _change(history), score.step)


def _change(history: History) -> str:
    """Suggest a slower generator: one that is faster than its opponent settles on the few samples that fool it."""
    generator, discriminator = (learning_rate(history.recipe, player) for player in ("generator", "discriminator"))
    if generator > discriminator > 0:
        return set_rate(history, "generator", discriminator)
    return divide_rate(history, "generator")


def memorising(history: History) -> Finding | None:
    """Find a generator whose samples are much nearer to training samples than other real samples are.

    Args:
        history: The run.

    Returns:
        The finding, or None.
    """
    scores = [score for score in history.scores if score.name.partition("@")[0] == "nearest_neighbour"]
    scores = sorted((score for score in scores if score.name == scores[-1].name), key=lambda score: score.step)
    near = unbroken([score.value < BY_HEART for score in scores])
    if not near:
        return None
    first, last = scores[-near], scores[-1]
    sound = [score for score in scores if score.step < first.step]
    steps = sound[-1].step if sound else max(1, first.step // 2)
    evidence = f"{last.name} is {last.value:.2g}, where held-out real samples have {last.floor or 1:.2g}"
    return Finding("memorising", evidence, f"run.steps={steps}", first.step)


def _decay(ema: float | dict[str, Any]) -> float:
    """Return the decay of `run.ema`; 0 for an average that is short at first."""
    return (ema.get("decay") or 0.0) if isinstance(ema, dict) else ema
