"""The settings that are searched: ranges and choices, as they are written on the command line."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ganzoo.config.overrides import as_toml
from ganzoo.errors import RecipeError, one_line
from ganzoo.sweeps.trials import choices

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

RANGE = re.compile(r"(log:)?(.+?)\.\.(.+)")
DIGITS = 4  # of a fraction that is drawn
HOW = "write KEY=A..B for a range, KEY=log:A..B for one of powers, KEY=A,B,C for a choice, and KEY=A for a fixed value"


@dataclass(frozen=True)
class Range:
    """Numbers from one to another, both included.

    Attributes:
        low: The smallest.
        high: The largest.
        log: Search the powers evenly, and not the numbers.
    """

    low: float
    high: float
    log: bool

    def distribution(self) -> BaseDistribution:
        """Return the distribution that Optuna draws from: of whole numbers where both ends are."""
        from optuna.distributions import FloatDistribution, IntDistribution

        if isinstance(self.low, int) and isinstance(self.high, int):
            return IntDistribution(self.low, self.high, log=self.log)
        return FloatDistribution(self.low, self.high, log=self.log)


@dataclass(frozen=True)
class Choice:
    """One of some values.

    Attributes:
        values: The values, as TOML or words.
    """

    values: tuple[str, ...]

    def distribution(self) -> BaseDistribution:
        """Return the distribution that Optuna draws from."""
        from optuna.distributions import CategoricalDistribution

        return CategoricalDistribution(self.values)


Space = Mapping[str, Range | Choice]


def parse(settings: Iterable[str]) -> tuple[dict[str, Range | Choice], list[str]]:
    """Read the settings of a search.

    Args:
        settings: KEY=A..B, KEY=log:A..B, KEY=A,B,C or KEY=A.

    Returns:
        What is searched, by the name of the setting, and the overrides that are the same in every trial.

    Raises:
        RecipeError: A range is none, or nothing is searched.
    """
    space: dict[str, Range | Choice] = {}
    fixed = []
    for setting in settings:
        key, equals, text = setting.partition("=")
        key = key.strip()
        if found := _range(setting, text.strip()):
            space[key] = found
            continue
        values = [setting] if not equals or key.endswith(("+", "-")) else choices(setting)
        if len(values) > 1:
            space[key] = Choice(tuple(value.partition("=")[2] for value in values))
        else:
            fixed += values
    if not space:
        raise RecipeError(f"nothing to search: {HOW}; such as optimizer.lr=log:1e-5..1e-3")
    return space, fixed


def overrides(values: Mapping[str, Any]) -> list[str]:
    """Return drawn values as overrides of a recipe.

    Args:
        values: Values by setting; texts are TOML or words already.

    Returns:
        KEY=VALUE for each, fractions with four digits.
    """
    return [f"{key}={_text(value)}" for key, value in values.items()]


def _text(value: Any) -> str:
    if isinstance(value, float):
        value = float(f"{value:.{DIGITS}g}")
    return value if isinstance(value, str) else as_toml(value)


def _range(setting: str, text: str) -> Range | None:
    """Return the range that a text is; None for another text, such as the path a/../b."""
    match = RANGE.fullmatch(text)
    ends = [_number(match[k]) for k in (2, 3)] if match else []
    if not match or not (match[1] or any(end is not None for end in ends)):
        return None
    low, high = ends
    if low is None or high is None:
        raise RecipeError(f"{one_line(setting)}: the ends of a range are numbers; {HOW}.")
    if not low < high:
        raise RecipeError(f"{one_line(setting)}: the range is empty. Write the smaller number first.")
    if match[1] and low <= 0:
        raise RecipeError(f"{one_line(setting)}: a range of powers begins above 0, such as log:1e-6..{match[3]}.")
    return Range(low, high, bool(match[1]))


def _number(text: str) -> float | None:
    """Return a whole number as an int, another finite one as a float, and None for what is no number."""
    for kind in (int, float):
        try:
            number = kind(text)
        except ValueError:
            continue
        return number if math.isfinite(number) else None
    return None
