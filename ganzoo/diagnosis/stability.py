"""Rules on the stability of training: exploding gradients, and oscillation of the players."""

from __future__ import annotations

import math
from itertools import pairwise
from statistics import mean

from ganzoo.diagnosis.finding import Finding, divide_all_rates, divide_rate
from ganzoo.diagnosis.history import LEAST, History, Series, unbroken

HUGE = 1e4  # gradient norm: healthy recipes stay below 100
LARGE = 1e2  # gradient norm that has also grown by GREW
GREW = 100.0  # times the typical norm of the first half: no learning rate suits both
FAR = 100.0  # divisor of a learning rate that diverges from the start, which is far too large
AHEAD, BEHIND = 0.9, 0.3  # of pairs ordered correctly: nearly all, and clearly fewer than by guessing
TURNS = 4  # changes from one to the other in the last half: two full cycles
SWING = 0.25  # of the mean level of a loss: balanced losses vary by about a tenth


def exploding_gradients(history: History) -> Finding | None:
    """Find a player whose gradient is extremely large.

    Args:
        history: The run.

    Returns:
        The finding of the first such player, or None.
    """
    for name in history.names("gradient/"):
        series = history.series(name).smooth
        if len(series) < LEAST:
            continue
        typical = sorted(series.values[: len(series) // 2])[len(series) // 4]
        holds = [value >= HUGE or (value >= LARGE and value >= GREW * typical) for value in series.values]
        length = unbroken(holds)
        if length < 3:  # fewer than other rules require, because the end is fast
            continue
        since, player = series.steps[-length], name.partition("/")[2]
        norm = _number(series.values[-1])
        evidence = f"the gradient of {player} has a norm of {norm}; a typical one was {_number(typical)}"
        clipping_fails = length > len(series) // 2 or history.recipe.get("run", {}).get("clip")
        has_optimizer = isinstance(history.recipe.get("optimizer", {}).get(player), dict)
        rate = divide_rate(history, player, FAR) if has_optimizer else divide_all_rates(history, FAR)
        return Finding("exploding_gradients", evidence, rate if clipping_fails else "run.clip=1.0", since)
    return None


def oscillation(history: History) -> Finding | None:
    """Find players that go in circles: the discriminator recognizes all fakes and takes them for real by turns.

    Args:
        history: The run.

    Returns:
        The finding, or None.
    """
    (correct,) = history.aligned("told_apart")
    half = len(correct) // 2
    if half < LEAST:
        return None
    steps, values = correct.steps[half:], correct.values[half:]
    turns = _turns(values)
    losses = [history.series(name) for name in history.names("discriminator/adversarial")]
    swing = max((_swing(loss) for loss in losses), default=math.inf)
    if len(turns) < TURNS or swing < SWING or len(turns) < len(values) / 8:
        return None
    evidence = (
        f"the share of pairs that the discriminator tells apart changed {len(turns)} times between {min(values):.0%} "
        f"and {max(values):.0%} in {steps[-1] - steps[0]} steps, and its loss varied by {swing:.0%} of its level"
    )
    return Finding("oscillation", evidence, _calmer(history), steps[turns[0]])


def _turns(values: tuple[float, ...]) -> list[int]:
    """Return the indices at which a series has changed between AHEAD and BEHIND; values between them count for none."""
    sides = [(i, value >= AHEAD) for i, value in enumerate(values) if value >= AHEAD or value <= BEHIND]
    return [i for (_, before), (i, after) in pairwise(sides) if before != after]


def _swing(loss: Series) -> float:
    """Return the standard deviation of the last half, divided by the mean absolute value."""
    values = loss.values[len(loss) // 2 :]
    level = mean(values)
    deviation = math.sqrt(mean((value - level) * (value - level) for value in values))
    return deviation / max(1e-12, mean(abs(value) for value in values))


def _calmer(history: History) -> str:
    """Suggest less momentum, which carries a player past the other one, or lower learning rates if it is small."""
    betas = history.recipe.get("optimizer", {}).get("betas")
    if isinstance(betas, (list, tuple)) and betas[0] > 0.5:
        return f"optimizer.betas=[0.5, {betas[1]}]"
    return divide_all_rates(history)


def _number(value: float) -> str:
    return f"{value:.2g}" if math.isfinite(value) else "no finite number"
