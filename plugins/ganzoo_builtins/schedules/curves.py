"""Learning-rate schedules: the factor of the optimizer's learning rate at step t of `steps`."""

import math
from typing import Annotated

from pydantic import Field, NonNegativeFloat, PositiveInt

from ganzoo import Schedule


class Constant(Schedule):
    """A factor of 1 throughout."""

    def __call__(self, t: int, steps: int) -> float:
        return 1.0


class Linear(Schedule):
    """A factor of 1, then a linear change that ends with the run.

    Args:
        start: Fraction of the run after which the change begins.
        end: Factor at the end of the run.
    """

    def __init__(self, start: Annotated[float, Field(ge=0, lt=1)] = 0.0, end: NonNegativeFloat = 0.0):
        self.start = start
        self.end = end

    def __call__(self, t: int, steps: int) -> float:
        progress = max(0.0, (t / steps - self.start) / (1 - self.start))
        return 1 + (self.end - 1) * progress


class Cosine(Schedule):
    """Half a cosine wave down from 1: SGDR (arXiv:1608.03983), eq. (5), without its restarts.

    Args:
        end: Factor at the end of the run.
    """

    def __init__(self, end: NonNegativeFloat = 0.0):
        self.end = end

    def __call__(self, t: int, steps: int) -> float:
        return self.end + (1 - self.end) * (1 + math.cos(math.pi * t / steps)) / 2


class Exponential(Schedule):
    """Exponential decay: a factor of decay**t, with a lower bound.

    The defaults are those of the code published with Goodfellow et al. 2014 (arXiv:1406.2661): a learning rate of 0.1
    is divided by 1.000004 after every update, down to 1e-6.

    Args:
        decay: Ratio of the factors of two consecutive steps.
        floor: Lowest factor.
    """

    def __init__(
        self,
        decay: Annotated[float, Field(gt=0, le=1)] = 1 / 1.000004,
        floor: Annotated[float, Field(ge=0, le=1)] = 1e-5,
    ):
        self.decay = decay
        self.floor = floor

    def __call__(self, t: int, steps: int) -> float:
        return max(self.decay**t, self.floor)


class Step(Schedule):
    """Step decay: the learning rate is multiplied by `factor` at regular intervals, with a lower bound.

    The defaults halve the rate every 100,000 steps, as public re-implementations of BEGAN (arXiv:1703.10717) do; the
    paper halves it when training stalls.

    Args:
        every: Number of steps of an interval.
        factor: Multiplier after each interval.
        floor: Lowest factor.
    """

    def __init__(
        self,
        every: PositiveInt = 100_000,
        factor: Annotated[float, Field(gt=0, le=1)] = 0.5,
        floor: Annotated[float, Field(ge=0, le=1)] = 0.0,
    ):
        self.every = every
        self.factor = factor
        self.floor = floor

    def __call__(self, t: int, steps: int) -> float:
        return max(self.factor ** (t // self.every), self.floor)
