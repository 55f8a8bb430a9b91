"""What a ganzoo.Schedule promises."""

from __future__ import annotations

import math

from ganzoo.testing.check import expect
from ganzoo.testing.subjects import Component

STEPS = 50
MOST = 10  # times the learning rate that a recipe asks for


def it_is_a_function_of_the_step(component: Component) -> None:
    """A fresh one, asked out of order, says the same: a resumed run has nothing else to go by."""
    one, fresh = component.build(), component.build()
    forwards = [one(t, STEPS) for t in range(STEPS)]
    backwards = [fresh(t, STEPS) for t in reversed(range(STEPS))][::-1]
    expect(
        forwards == backwards,
        f"{component}: asked out of order, it says something else for the same step. Compute the factor from t and "
        "steps alone, and keep nothing from call to call: a resumed run starts in the middle.",
    )


def its_factors_are_numbers(component: Component) -> None:
    """Each factor is a finite float from 0 to below 10, and one at least is above 0; for runs of one step, too."""
    for steps in (1, STEPS):
        factors = [component.build()(t, steps) for t in range(steps)]
        wrong = [factor for factor in factors if type(factor) is not float or not 0 <= factor < MOST]
        expect(
            not wrong,
            f"{component}: over {steps} steps, a factor is {wrong[0] if wrong else ''!r}, not a float from 0 to below "
            f"{MOST}. It multiplies the optimizer's learning rate: 1.0 leaves it as it is. Mind divisions by steps - 1."
            "",
        )
        expect(
            max(map(math.ceil, factors)) > 0,
            f"{component}: over {steps} steps, all factors are 0, so that nothing is learned. Steps count from 0.",
        )
