"""Rules about numbers that do not settle: gradients that explode, and players that chase each other."""

from __future__ import annotations

import math
from itertools import pairwise
from statistics import mean

from ganzoo.diagnosis import settings
from ganzoo.diagnosis.finding import Finding
from ganzoo.diagnosis.history import LEAST, History, Series, unbroken

HUGE = 1e4  # of a gradient's norm: healthy recipes stay below 100
LARGE = 1e2  # of a norm that has also grown GREW times
GREW = 100.0  # times the median of the first half: no learning rate that suited the one suits the other
FAR = 100.0  # what a learning rate is divided by that explodes from the start: it is not a little too large
AHEAD, BEHIND = 0.9, 0.3  # of pairs told apart: nearly all, and clearly fewer than guessing would
TURNS = 4  # from one to the other, in the last half: twice there and back
SWING = 0.25  # of a loss's mean level: healthy losses at balance vary by about a tenth


def exploding_gradients(history: History) -> Finding | None:
    """A player's gradient is so large that no step along it is small."""
    for name in history.names("gradient/"):
        series = history.series(name).smooth
        if len(series) < LEAST:
            continue
        early = sorted(series.values[: len(series) // 2])[len(series) // 4]
        holds = [value >= HUGE or (value >= LARGE and value >= GREW * early) for value in series.values]
        length = unbroken(holds)
        if length < 3:  # at the end it goes fast
            continue
        since, player = series.steps[-length], name.partition("/")[2]
        evidence = f"the gradient of {player} has a norm of {_number(series.values[-1])}; {_number(early)} was usual"
        hopeless = length > len(series) // 2 or history.recipe.get("run", {}).get("clip")  # clipping would not help
        own = isinstance(history.recipe.get("optimizer", {}).get(player), dict)
        rate = settings.slower(history, player, FAR) if own else settings.all_slower(history, FAR)
        return Finding("exploding_gradients", evidence, rate if hopeless else "run.clip=1.0", since)
    return None


def oscillation(history: History) -> Finding | None:
    """Now the discriminator knows every fake, now it takes them for more real than real ones: they run in circles."""
    (apart,) = history.together("told_apart")
    half = len(apart) // 2
    if half < LEAST:
        return None
    steps, values = apart.steps[half:], apart.values[half:]
    turns = _turns(values)
    losses = [history.series(name) for name in history.names("discriminator/adversarial")]
    swing = max((_swing(loss) for loss in losses), default=math.inf)
    if len(turns) < TURNS or swing < SWING or len(turns) < len(values) / 8:
        return None
    evidence = (
        f"what the discriminator tells apart went {len(turns)} times between {min(values):.0%} and {max(values):.0%} "
        f"of pairs in {steps[-1] - steps[0]} steps, its loss by {swing:.0%} of its level"
    )
    return Finding("oscillation", evidence, _calmer(history), steps[turns[0]])


def _turns(values: tuple[float, ...]) -> list[int]:
    """Where a series has come from one side to the other, with what lies between counting for neither."""
    sides = [(i, value >= AHEAD) for i, value in enumerate(values) if value >= AHEAD or value <= BEHIND]
    return [i for (_, before), (i, after) in pairwise(sides) if before != after]


def _swing(loss: Series) -> float:
    """Standard deviation over mean size, in the last half."""
    values = loss.values[len(loss) // 2 :]
    level = mean(values)
    deviation = math.sqrt(mean((value - level) * (value - level) for value in values))
    return deviation / max(1e-12, mean(abs(value) for value in values))


def _calmer(history: History) -> str:
    """Momentum carries a player past the other one; without much of it, smaller steps are what is left."""
    betas = history.recipe.get("optimizer", {}).get("betas")
    if isinstance(betas, (list, tuple)) and betas[0] > 0.5:
        return f"optimizer.betas=[0.5, {betas[1]}]"
    return settings.all_slower(history)


def _number(value: float) -> str:
    return f"{value:.2g}" if math.isfinite(value) else "no finite number"
