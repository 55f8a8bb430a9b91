"""Rules on the balance of the players: a discriminator that has won, and one that does not learn."""

from __future__ import annotations

import math
from statistics import median

from ganzoo.diagnosis.finding import Finding, component, divide_rate, learning_rate, set_rate
from ganzoo.diagnosis.history import History, lasting_since

KNOWN = 0.99  # of all pairs ordered correctly: below it, the discriminator still has something to learn
VANISHED = 0.005  # of the largest gradient: healthy ones stay within a factor of 30, single peaks aside
FOOLED = 0.05  # of all pairs ordered correctly: fakes almost always have the larger output
EQUAL = 0.01  # difference of mean outputs: as logits, it changes a probability by 1/400
NOTHING = 1e-3  # gradient norm: discriminators that learn stay above it
CONSTANT = 1e-3  # relative change of a loss: the variation between batches is larger


def discriminator_won(history: History) -> Finding | None:
    """Find a discriminator that recognizes all fakes, so that the generator's gradient vanishes.

    A critic may recognize all fakes too, with large values; but its generator's gradient does not vanish.

    Args:
        history: The run.

    Returns:
        The finding, or None.
    """
    correct, gradient = history.aligned("told_apart", "gradient/generator")
    largest = max((value for value in gradient.values if math.isfinite(value)), default=0.0)
    correct, gradient = correct.smooth, gradient.smooth
    pairs = zip(correct.values, gradient.values, strict=True)
    since = lasting_since(correct, [share >= KNOWN and norm <= VANISHED * largest for share, norm in pairs])
    if since is None:
        return None
    real, fake = (series.values[-1] for series in history.aligned("real", "fake"))
    evidence = (
        f"the discriminator tells {correct.values[-1]:.1%} of pairs apart (outputs {real:.3g} on real and {fake:.3g} "
        f"on fake samples), and the generator's gradient fell from {largest:.2g} to {gradient.values[-1]:.2g}"
    )
    saturates = component(history.recipe, "loss") == "minimax"
    change = "loss.use=non_saturating" if saturates else divide_rate(history, "discriminator")
    return Finding("discriminator_won", evidence, change, since)


def recognizes_all(history: History) -> bool:
    """Return True when the discriminator has recognized almost all fakes for some time."""
    (correct,) = history.aligned("told_apart")
    return lasting_since(correct, [share >= KNOWN for share in correct.smooth.values]) is not None


def dead_discriminator(history: History) -> Finding | None:
    """Find a discriminator with equal outputs on real and fake samples, or one that takes all fakes for real."""
    return _constant(history) or _fooled(history)


def _constant(history: History) -> Finding | None:
    names = ("real", "fake", "gradient/discriminator", "discriminator/adversarial")
    real, fake, gradient, loss = history.aligned(*names)
    if len(loss) < loss.lasting:
        return None
    level = median(loss.values[-loss.lasting :])
    rows = zip(real.values, fake.values, gradient.values, loss.values, strict=True)
    holds = [
        abs(r - f) <= EQUAL and norm <= NOTHING and abs(value - level) <= CONSTANT * abs(level)
        for r, f, norm, value in rows
    ]
    since = lasting_since(loss, holds)
    if since is None:
        return None
    evidence = (
        f"the discriminator's outputs are {real.values[-1]:.3g} on real and {fake.values[-1]:.3g} on fake samples, "
        f"its loss stays at {level:.4g} and its gradient is {gradient.values[-1]:.1g}"
    )
    for k, table in enumerate(history.recipe.get("regularizer", [])):
        if "limit" in table:  # clipped weights may be too small for other outputs
            return Finding("dead_discriminator", evidence, f"regularizer.{k}.limit={10 * table['limit']:.2g}", since)
    return Finding("dead_discriminator", evidence, _other_rate(history), since)


def _fooled(history: History) -> Finding | None:
    (correct,) = history.aligned("told_apart")
    correct = correct.smooth
    since = lasting_since(correct, [share <= FOOLED for share in correct.values])
    if since is None:
        return None
    evidence = (
        f"the discriminator's output is larger on the fake than on the real sample in {1 - correct.values[-1]:.1%} of "
        "pairs, and it does not improve"
    )
    return Finding("dead_discriminator", evidence, _other_rate(history), since)


def _other_rate(history: History) -> str:
    """Suggest the generator's learning rate for the discriminator if that is larger, otherwise a lower one."""
    discriminator, generator = (learning_rate(history.recipe, player) for player in ("discriminator", "generator"))
    if discriminator < generator:
        return set_rate(history, "discriminator", generator)
    return divide_rate(history, "discriminator")
