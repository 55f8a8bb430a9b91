"""Rules about who is ahead: a discriminator that has won, and one that has given up."""

from __future__ import annotations

import math
from statistics import median

from ganzoo.diagnosis import settings
from ganzoo.diagnosis.finding import Finding
from ganzoo.diagnosis.history import History, lasting

KNOWN = 0.99  # of all pairs: a discriminator that errs in more is still asked something
VANISHED = 0.005  # of the largest so far: healthy ones stay within a factor of 30, single peaks aside
FOOLED = 0.05  # of all pairs: fakes count as more real than real samples, all but always
EQUAL = 0.01  # between mean outputs: a logit's difference that moves a probability by 1/400
NOTHING = 1e-3  # of a gradient's norm: less reaches a network of any size as rounding
CONSTANT = 1e-3  # of a loss: other batches alone move it by more, wherever outputs depend on the sample


def discriminator_won(history: History) -> Finding | None:
    """It knows every fake, and says so with such certainty that the generator hears no direction any more.

    A critic may know every fake too, with values however large: its generator's gradient does not vanish.
    """
    apart, gradient = history.together("told_apart", "gradient/generator")
    largest = max((value for value in gradient.values if math.isfinite(value)), default=0.0)
    apart, gradient = apart.smooth, gradient.smooth
    holds = [a >= KNOWN and g <= VANISHED * largest for a, g in zip(apart.values, gradient.values, strict=True)]
    since = lasting(apart, holds)
    if since is None:
        return None
    real, fake = (one.values[-1] for one in history.together("real", "fake"))
    evidence = (
        f"the discriminator tells {apart.values[-1]:.1%} of pairs apart (outputs {real:.3g} on real and {fake:.3g} on "
        f"fake samples), and the generator's gradient fell from {largest:.2g} to {gradient.values[-1]:.2g}"
    )
    saturates = settings.use(history.recipe, "loss") == "minimax"
    change = "loss.use=non_saturating" if saturates else settings.slower(history, "discriminator")
    return Finding("discriminator_won", evidence, change, since)


def knows_all(history: History) -> bool:
    """Whether the discriminator has known all but every fake for some time now."""
    (apart,) = history.together("told_apart")
    return lasting(apart, [value >= KNOWN for value in apart.smooth.values]) is not None


def dead_discriminator(history: History) -> Finding | None:
    """It says the same of real and of fake samples and learns nothing more, or it is fooled by every fake."""
    return _blind(history) or _fooled(history)


def _blind(history: History) -> Finding | None:
    names = ("real", "fake", "gradient/discriminator", "discriminator/adversarial")
    real, fake, gradient, loss = history.together(*names)
    if len(loss) < loss.lasting:
        return None
    level = median(loss.values[-loss.lasting :])
    rows = zip(real.values, fake.values, gradient.values, loss.values, strict=True)
    holds = [
        abs(r - f) <= EQUAL and g <= NOTHING and abs(one - level) <= CONSTANT * abs(level) for r, f, g, one in rows
    ]
    since = lasting(loss, holds)
    if since is None:
        return None
    evidence = (
        f"the discriminator's outputs are {real.values[-1]:.3g} on real and {fake.values[-1]:.3g} on fake samples, "
        f"its loss stays at {level:.4g} and its gradient is {gradient.values[-1]:.1g}"
    )
    for k, one in enumerate(history.recipe.get("regularizer", [])):
        if "limit" in one:  # its weights are held so small that it can say nothing else
            return Finding("dead_discriminator", evidence, f"regularizer.{k}.limit={10 * one['limit']:.2g}", since)
    return Finding("dead_discriminator", evidence, _another_rate(history), since)


def _fooled(history: History) -> Finding | None:
    (apart,) = history.together("told_apart")
    apart = apart.smooth
    since = lasting(apart, [value <= FOOLED for value in apart.values])
    if since is None:
        return None
    evidence = (
        f"the discriminator gives fakes more than real samples in {1 - apart.values[-1]:.1%} of pairs, and does not "
        "learn otherwise"
    )
    return Finding("dead_discriminator", evidence, _another_rate(history), since)


def _another_rate(history: History) -> str:
    """What a discriminator that does not learn should learn at: as its opponent does; slower, where it does so."""
    own, other = (settings.rate(history.recipe, player) for player in ("discriminator", "generator"))
    if own < other:
        return settings.at_rate(history, "discriminator", other)
    return settings.slower(history, "discriminator")
