"""Learning rate over a run, at step t of `steps`, as a factor on the optimizer's own learning rate."""

import math
from typing import Annotated

from pydantic import Field, NonNegativeFloat, PositiveInt

from ganzoo import Schedule


class Constant(Schedule):
    """1 throughout."""

    def __call__(self, t: int, steps: int) -> float:
        return 1.0


class Linear(Schedule):
    """1 until `start`, a fraction of the run, then a straight line to `end`, reached as the run ends."""

    def __init__(self, start: Annotated[float, Field(ge=0, lt=1)] = 0.0, end: NonNegativeFloat = 0.0):
        self.start = start
        self.end = end

    def __call__(self, t: int, steps: int) -> float:
        progress = max(0.0, (t / steps - self.start) / (1 - self.start))
        return 1 + (self.end - 1) * progress


class Cosine(Schedule):
    """From 1 to `end` along half a cosine wave: SGDR (arXiv:1608.03983), eq. (5), without its restarts."""

    def __init__(self, end: NonNegativeFloat = 0.0):
        self.end = end

    def __call__(self, t: int, steps: int) -> float:
        return self.end + (1 - self.end) * (1 + math.cos(math.pi * t / steps)) / 2


class Exponential(Schedule):
    """decay**t, but never below `floor`.

    The defaults are those of the code published with Goodfellow et al. 2014 (arXiv:1406.2661): a learning rate of 0.1
    is divided by 1.000004 after every update, down to 1e-6.
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
    """Times `factor` after every so many steps, but never below `floor`.

    The defaults halve the rate each 100,000 steps, as public re-implementations of BEGAN (arXiv:1703.10717) do; the
    paper halves it when training stalls.
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
