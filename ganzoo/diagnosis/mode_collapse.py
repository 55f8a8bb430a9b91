"""Rules about what is drawn: samples that are all alike, and samples that were learnt by heart."""

from __future__ import annotations

from ganzoo.diagnosis import settings
from ganzoo.diagnosis.balance import knows_all
from ganzoo.diagnosis.finding import Finding
from ganzoo.diagnosis.history import History, unbroken

ALIKE = 0.2  # of real samples' diversity: healthy grids have had 0.37 at the very least
GRIDS = 3  # in a row, of which the last is not better: then it is not on its way up
RISE = 1.1  # from the first of them to the last: what counts as better
SETTLED = 3.0  # times 1 / (1 - ema): until then averaged weights still are what they began with
LOST = 0.5  # of what real samples cover: half of the classes or modes are not drawn
COVER = ("class_coverage", "modes")  # scores that count what is drawn, and mistake no blur for a loss
HALF = 0.5  # of a run: earlier a generator that lacks classes is merely not trained yet
BY_HEART = 0.5  # of the usual distance to the nearest training sample: healthy generators are at about 1


def generator_collapsed(history: History) -> Finding | None:
    """Whatever the noise, it draws the same few things."""
    return _alike(history) or _lost(history)


def _alike(history: History) -> Finding | None:
    diversity = history.series("samples/diversity")
    begin = SETTLED / (1 - history.recipe.get("run", {}).get("ema", 0.0))
    grids = [(t, value) for t, value in zip(diversity.steps, diversity.values, strict=True) if t >= begin]
    low = unbroken([value <= ALIKE for _, value in grids])
    if low < GRIDS or grids[-1][1] > RISE * grids[-low][1]:
        return None
    never = max(diversity.values) <= ALIKE
    if never and (not history.past(HALF) or knows_all(history)):  # it has not learnt anything yet
        return None
    evidence = f"samples of a grid differ {grids[-1][1]:.2g} times as much as real ones do, for {low} grids now"
    return Finding("generator_collapsed", evidence, _change(history), grids[-low][0])


def _lost(history: History) -> Finding | None:
    score = history.score(*COVER)
    if score is None or score.floor is None or not history.past(HALF) or score.value > LOST * score.floor:
        return None
    evidence = f"{score.name} is {score.value:.4g}, where real samples have {score.floor:.4g}"
    return Finding("generator_collapsed", evidence, _change(history), score.step)


def _change(history: History) -> str:
    """A generator that outruns its opponent finds what fools it today, and draws that."""
    own, other = (settings.rate(history.recipe, player) for player in ("generator", "discriminator"))
    if own > other > 0:
        return settings.at_rate(history, "generator", other)
    return settings.slower(history, "generator")


def memorising(history: History) -> Finding | None:
    """Samples lie nearer to training samples than other real ones do: they are copies, more or less."""
    found = [one for one in history.scores if one.name.partition("@")[0] == "nearest_neighbour"]
    found = sorted((one for one in found if one.name == found[-1].name), key=lambda one: one.step)
    near = unbroken([one.value < BY_HEART for one in found])
    if not near:
        return None
    first, last = found[-near], found[-1]
    sound = [one for one in found if one.step < first.step]
    steps = sound[-1].step if sound else max(1, first.step // 2)
    evidence = (
        f"{last.name} is {last.value:.2g}, where real samples that were not trained on have {last.floor or 1:.2g}"
    )
    return Finding("memorising", evidence, f"run.steps={steps}", first.step)
