"""Settings of an average of weights: `run.ema`, and those of `run.averages`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveFloat, model_validator

from ganzoo.config.change import Change, is_change
from ganzoo.utils import power_average

Decay = Annotated[float, Field(ge=0, lt=1)]
Rule = Callable[[int], float]
"""Number of earlier updates -> weight of the old average in the next one."""


class Average(BaseModel):
    """An average of the generators' weights; one of `decay`, `half_life` and `power`.

    Args:
        decay: Weight of the old average in each step; at most (1 + t) / (10 + t) in step t.
        half_life: Steps after which weights count half as much.
        ramp: The half-life is at most this share of the steps so far; 0.05 in StyleGAN2-ADA (arXiv:2006.06676).
        power: Width of the average as a share of the run, such as 0.1 (arXiv:2312.02696). Snapshots of two of these
            allow any other width afterwards.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    decay: Decay | None = None
    half_life: NonNegativeFloat | dict[str, Any] | None = None
    ramp: PositiveFloat | None = None
    power: Annotated[float, Field(gt=0, le=power_average.WIDEST)] | None = None

    @model_validator(mode="after")
    def _one(self) -> Average:
        if sum(value is not None for value in (self.decay, self.half_life, self.power)) != 1:
            raise ValueError("give one of decay, half_life and power")
        if isinstance(self.half_life, dict) and not is_change(self.half_life):
            raise ValueError('half_life: a number of steps, or a table such as {use = "cosine", from = 0, to = 500}')
        if self.ramp is not None and self.half_life is None:
            raise ValueError("ramp belongs to half_life")
        return self

    def rule(self, half_life: Change | None = None, steps: int = 1) -> Rule:
        """Return the weight of the old average as a function of the number of earlier updates.

        Args:
            half_life: The half-life, where it changes in training.
            steps: Length of the run, on which a change depends.

        Returns:
            The function.
        """
        if self.decay is not None:
            return warmed_up(self.decay)
        if (sigma := self.power) is not None:
            return lambda t: power_average.decay(sigma, t)

        def halved(t: int) -> float:
            life = half_life(t, steps) if half_life else float(self.half_life or 0)  # type: ignore[arg-type]
            if self.ramp is not None:
                life = min(life, self.ramp * t)
            return float(0.5 ** (1 / life)) if life > 0 else 0.0

        return halved


def warmed_up(decay: float) -> Rule:
    """Return a constant decay that is at most (1 + t) / (10 + t) in the first updates t."""
    return lambda t: min(decay, (1 + t) / (10 + t))
