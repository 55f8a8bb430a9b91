"""Linear axes of charts: ranges, round ticks, and short labels."""

from __future__ import annotations

import math
from dataclasses import dataclass

MARGIN = 0.06  # of the range of the values, added at either end


@dataclass(frozen=True)
class Axis:
    """A linear scale from values to pixels.

    Args:
        low: Value at the pixel `start`.
        high: Value at the pixel `end`; if it equals `low`, every value is in the middle.
        start: First pixel.
        end: Last pixel; less than `start` where values grow upwards.
    """

    low: float
    high: float
    start: float
    end: float

    def pixel(self, value: float) -> float:
        """Return the pixel of a value."""
        share = (value - self.low) / (self.high - self.low) if self.high > self.low else 0.5
        return self.start + share * (self.end - self.start)

    def ticks(self, count: int) -> list[float]:
        """Return round values within the range, at most `count` + 1."""
        return ticks(self.low, self.high, count) if self.high > self.low else [self.low]


def padded(low: float, high: float) -> tuple[float, float]:
    """Return a range with a margin at both ends, which is never empty."""
    margin = MARGIN * (high - low) or max(abs(high), 1e-3) * 0.1
    return low - margin, high + margin


def ticks(low: float, high: float, count: int) -> list[float]:
    """Return at most `count` + 1 multiples of 1, 2 or 5 times a power of ten from `low` to `high`, which is larger."""
    exact = (high - low) / count
    power = 10 ** math.floor(math.log10(exact))
    spacing = next(spacing for factor in (1, 2, 5, 10) if (spacing := factor * power) >= exact * (1 - 1e-9))
    return [k * spacing for k in range(math.ceil(low / spacing - 1e-9), math.floor(high / spacing + 1e-9) + 1)]


def label(value: float) -> str:
    """Return a value with at most four significant digits, in scientific notation if very large or small."""
    if value and not 1e-3 <= abs(value) < 1e6:
        return f"{value:.2g}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
