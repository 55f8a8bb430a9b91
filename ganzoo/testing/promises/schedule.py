"""Promises of a ganzoo.Schedule."""

from __future__ import annotations

import math

from ganzoo.testing.check import expect
from ganzoo.testing.subjects import Component

STEPS = 50
LIMIT = 10  # upper limit of the factor on the recipe's learning rate


def it_is_a_function_of_the_step(component: Component) -> None:
    """Another instance, called in another order, returns equal factors: a resumed run depends on it."""
    schedule, fresh = component.build(), component.build()
    forwards = [schedule(t, STEPS) for t in range(STEPS)]
    backwards = [fresh(t, STEPS) for t in reversed(range(STEPS))][::-1]
    expect(
        forwards == backwards,
        f"{component}: called in another order, it returns other factors for the same steps. Compute the factor from t "
        "and steps alone, and keep no state between calls: a resumed run starts in the middle.",
    )


def its_factors_are_in_range(component: Component) -> None:
    """Each factor is a float in [0, 10), and at least one is above 0, also in runs of one step."""
    for steps in (1, STEPS):
        factors = [component.build()(t, steps) for t in range(steps)]
        wrong = [factor for factor in factors if type(factor) is not float or not 0 <= factor < LIMIT]
        expect(
            not wrong,
            f"{component}: in a run of length {steps}, a factor is {wrong[0] if wrong else ''!r}, not a float in "
            f"[0, {LIMIT}). The factor multiplies the optimizer's learning rate; 1.0 leaves it unchanged. Avoid a "
            "division by steps - 1, which may be 0.",
        )
        expect(
            max(map(math.ceil, factors)) > 0,
            f"{component}: in a run of length {steps}, all factors are 0, so nothing is learned. Steps count from 0.",
        )
