"""Numbers that change in training: a table in place of a number, such as {use = "cosine", from = 1.0, to = 0.1}."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ganzoo.errors import RecipeError, one_line

if TYPE_CHECKING:
    from ganzoo.interfaces import Schedule

ENDS = ("from", "to")
OWN = (*ENDS, "over", "steps")  # keys of the table itself; all others are those of a [schedule]
Place = tuple[str, int | None]
"""A setting, and the index in it where it is a list: ("weight", None), ("betas", 1)."""


@dataclass(frozen=True)
class Change:
    """A number that changes from one value to another, by the curve of a schedule, and is constant from then on.

    Attributes:
        start: Value at the first step.
        end: Value at the end of the change.
        over: Share of the run that the change takes, above 0.
        steps: Number of steps that it takes instead, or None.
        schedule: Builds the schedule, whose factor falls from 1 to 0.
    """

    start: float
    end: float
    over: float
    steps: int | None
    schedule: Callable[[], Schedule]

    def __call__(self, t: int, steps: int) -> float:
        """Return the value at step t, from 0, of a run of so many steps."""
        length = self.steps or max(1, round(self.over * steps))
        return self.end + (self.start - self.end) * self.schedule()(min(t, length), length)


@dataclass(frozen=True)
class Changing:
    """A component with a setting that changes.

    Attributes:
        component: The component; the setting is an attribute of it.
        name: The setting.
        change: Its values.
    """

    component: Any
    name: str
    change: Change


_built: ContextVar[list[Changing] | None] = ContextVar("built", default=None)


@contextmanager
def recording() -> Iterator[list[Changing]]:
    """Collect the components with changing settings that are built within the block."""
    found: list[Changing] = []
    token = _built.set(found)
    try:
        yield found
    finally:
        _built.reset(token)


def record(component: Any, changes: Mapping[Place, Change]) -> None:
    """Note the changing settings of a component that was just built."""
    if (found := _built.get()) is not None:
        found += [Changing(component, name, change) for (name, _), change in changes.items()]


def is_change(value: Any) -> bool:
    """Return True for a table that gives a number's two ends, or one of them."""
    return isinstance(value, dict) and any(end in value for end in ENDS)


def places(settings: Mapping[str, Any]) -> Iterator[tuple[Place, dict[str, Any]]]:
    """Yield the tables in place of numbers among the settings of a component, also in lists."""
    for name, value in settings.items():
        if is_change(value):
            yield (name, None), value
        elif isinstance(value, list):
            yield from (((name, k), item) for k, item in enumerate(value) if is_change(item))


def parse(name: str, table: Mapping[str, Any], schedule: Callable[[], Schedule]) -> Change:
    """Read a table in place of a number.

    Args:
        name: The setting that it stands for.
        table: The table.
        schedule: Builds its schedule.

    Returns:
        The change.

    Raises:
        RecipeError: A key is missing or has a wrong value.
    """
    for end in ENDS:
        if not _is_number(table.get(end)):
            raise RecipeError(
                f"{name}: a number that changes has two ends, such as "
                f'{name} = {{use = "cosine", from = 1.0, to = 0.1}}, not {one_line(repr(dict(table)))}'
            )
    over, steps = table.get("over", 1.0), table.get("steps")
    if not _is_number(over) or not 0 < over <= 1:
        raise RecipeError(f"{name}.over: a share of the run, above 0 and up to 1, not {one_line(repr(over))}")
    if steps is not None and (type(steps) is not int or steps < 1 or "over" in table):
        raise RecipeError(f"{name}.steps: a number of steps, at least 1, in place of over, not {one_line(repr(steps))}")
    return Change(float(table["from"]), float(table["to"]), float(over), steps, schedule)


def at_end(settings: Mapping[str, Any], changes: Mapping[Place, Change], end: bool) -> dict[str, Any]:
    """Return settings with numbers in place of tables.

    Args:
        settings: The settings of a component.
        changes: Those of them that change.
        end: Whether to take the last values instead of the first.

    Returns:
        The settings, without tables of numbers that change.
    """
    plain = {name: [*value] if isinstance(value, list) else value for name, value in settings.items()}
    for (name, index), change in changes.items():
        value = change.end if end else change.start
        if index is None:
            plain[name] = value
        else:
            plain[name][index] = value
    return plain


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
