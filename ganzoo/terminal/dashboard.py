"""A run at a glance: how far it is, its numbers with their trend, the newest grid. Fed by rows; imports no torch."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Mapping

from PIL import Image
from rich.console import Console, ConsoleOptions, RenderResult
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from ganzoo.runs.metrics_log import is_loss
from ganzoo.terminal import image

TREND = 16  # of the last values
LEVELS = "▁▂▃▄▅▆▇█"
NAME, NUMBER = 22, 9  # columns that a name takes at most, and a number
ROOM = NAME + NUMBER + TREND + 2  # that a line takes with its trend; what is left is the picture's
NARROW = 16  # columns, and half as many lines, below which a picture shows nothing
COLOURS = ("256", "truecolor")


class Dashboard:
    """steps: of the whole run. first: how many are over already. `bar` is rich's own."""

    def __init__(self, steps: int, first: int = 0):
        self.bar = Progress(
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.description}"),
            auto_refresh=False,
        )
        self._task = self.bar.add_task("", total=steps, completed=first)
        self.trends: dict[str, deque[float]] = {}
        self.picture: Image.Image | None = None

    def add(self, t: int, values: Mapping[str, float], images_per_second: float) -> None:
        """Step t ended with these numbers."""
        self.bar.update(self._task, completed=t, description=f"{images_per_second:.0f} images/s")
        self.trends = {
            name: self.trends.get(name, deque(maxlen=TREND)) for name in _sorted({*self.trends, *values}, values)
        }
        for name, value in values.items():
            self.trends[name].append(value)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines = console.size.height - 3  # what the bar, the prompt below and a margin leave
        yield self.bar
        if not self.trends or lines < 1:
            return
        numbers = self._numbers(lines, options)
        wide, high = options.max_width - ROOM - 2, lines
        if self.picture is None or not _can_show(console, options) or wide < NARROW or high < NARROW // 2:
            yield numbers
            return
        both = Table.grid(padding=(0, 2, 0, 0))
        both.add_row(numbers, image.draw(image.fit(self.picture, wide, high)))
        yield both

    def _numbers(self, lines: int, options: ConsoleOptions) -> Table:
        """Name, value, trend, a line each; those beyond so many lines are left out, and counted."""
        table = Table.grid(padding=(0, 1, 0, 0))
        table.add_column(
            justify="right", no_wrap=True, overflow="ellipsis", max_width=min(NAME, options.max_width - NUMBER - 1)
        )
        table.add_column(justify="right", no_wrap=True)
        trends = options.max_width >= ROOM and not options.ascii_only
        shown = [*self.trends.items()] if len(self.trends) <= lines else [*self.trends.items()][: lines - 1]
        for name, values in shown:
            table.add_row(Text(short(name)), Text(number(values[-1])), *([Text(trend(values))] if trends else []))
        if len(shown) < len(self.trends):
            table.add_row(Text(f"{len(self.trends) - len(shown)} more"))
        return table


def short(name: str) -> str:
    """discriminator/adversarial -> discriminator, the term every player has."""
    return name.removesuffix("/adversarial")


def number(value: float) -> str:
    """At most nine characters."""
    return f"{value:.3f}" if value == 0 or 1e-3 <= abs(value) < 1e4 else f"{value:.2g}"


def trend(values: Iterable[float]) -> str:
    """A character for each value, from the lowest of them to the highest; a space where there is no number."""
    values = [*values]
    finite = [value for value in values if math.isfinite(value)]
    low, high = min(finite, default=0.0), max(finite, default=0.0)
    scale = (len(LEVELS) - 1) / (high - low) if high > low else 0.0
    return "".join(LEVELS[round((value - low) * scale)] if math.isfinite(value) else " " for value in values)


def _sorted(names: Iterable[str], latest: Mapping[str, float]) -> list[str]:
    """Losses first, then what stands alone, such as outputs, then what is told about the players and samples."""
    order = [*latest]

    def key(name: str) -> tuple[int, int, str]:
        group = 0 if is_loss(name) else 2 if "/" in name else 1
        return group, order.index(name) if name in order else len(order), name

    return sorted(names, key=key)


def _can_show(console: Console, options: ConsoleOptions) -> bool:
    """Whether a terminal has the colours and the characters for a picture."""
    return console.color_system in COLOURS and not console.no_color and not options.ascii_only
