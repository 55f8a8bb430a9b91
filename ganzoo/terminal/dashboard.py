"""Live view of a run: progress, values with their trends, and the newest sample grid. Imports no torch."""

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

TREND = 16  # newest values in a trend
LEVELS = "▁▂▃▄▅▆▇█"
NAME, NUMBER = 22, 9  # largest width of a name and of a number, in characters
LINE = NAME + NUMBER + TREND + 2  # width of a line with its trend; the picture has the rest
SMALLEST_PICTURE = 16  # columns, and half as many lines; a smaller picture shows nothing
COLOURS = ("256", "truecolor")  # colour systems of rich that can show a picture


class Dashboard:
    """Progress bar, values and picture of a run, which rich can print.

    Args:
        steps: Number of steps of the whole run.
        first: Number of steps that are already done.
    """

    def __init__(self, steps: int, first: int = 0):
        self.bar = Progress(
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.description}"),
            TextColumn("{task.fields[activity]}"),
            auto_refresh=False,
        )
        self._task = self.bar.add_task("", total=steps, completed=first, activity="")
        self.trends: dict[str, deque[float]] = {}
        self.picture: Image.Image | None = None

    def add(self, t: int, values: Mapping[str, float], images_per_second: float) -> None:
        """Add the values of a logged step.

        Args:
            t: Number of steps done.
            values: Values by name, such as losses.
            images_per_second: Speed of the training.
        """
        self.bar.update(self._task, completed=t, description=f"{images_per_second:.0f} images/s")
        self.trends = {
            name: self.trends.get(name, deque(maxlen=TREND)) for name in _sorted({*self.trends, *values}, values)
        }
        for name, value in values.items():
            self.trends[name].append(value)

    def advance(self, t: int, activity: str) -> None:
        """Show the number of steps done and what is going on, between two logged steps."""
        self.bar.update(self._task, completed=t, activity=activity)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines = console.size.height - 3  # without the bar, the prompt below and a margin
        yield self.bar
        if not self.trends or lines < 1:
            return
        numbers = self._numbers(lines, options)
        columns = options.max_width - LINE - 2
        too_small = columns < SMALLEST_PICTURE or lines < SMALLEST_PICTURE // 2
        if self.picture is None or too_small or not _can_show_pictures(console, options):
            yield numbers
            return
        both = Table.grid(padding=(0, 2, 0, 0))
        both.add_row(numbers, image.render(image.fit(self.picture, columns, lines)))
        yield both

    def _numbers(self, lines: int, options: ConsoleOptions) -> Table:
        """Return a table with a line for each name, value and trend; the last line counts those without a line."""
        table = Table.grid(padding=(0, 1, 0, 0))
        table.add_column(
            justify="right", no_wrap=True, overflow="ellipsis", max_width=min(NAME, options.max_width - NUMBER - 1)
        )
        table.add_column(justify="right", no_wrap=True)
        trends = options.max_width >= LINE and not options.ascii_only
        shown = [*self.trends.items()] if len(self.trends) <= lines else [*self.trends.items()][: lines - 1]
        for name, values in shown:
            table.add_row(Text(short(name)), Text(number(values[-1])), *([Text(trend(values))] if trends else []))
        if len(shown) < len(self.trends):
            table.add_row(Text(f"{len(self.trends) - len(shown)} more"))
        return table


def short(name: str) -> str:
    """Shorten "discriminator/adversarial", the term that every player has, to "discriminator"."""
    return name.removesuffix("/adversarial")


def number(value: float) -> str:
    """Format a number in at most nine characters."""
    return f"{value:.3f}" if value == 0 or 1e-3 <= abs(value) < 1e4 else f"{value:.2g}"


def trend(values: Iterable[float]) -> str:
    """Return a character for each value, from ▁ for the lowest to █ for the highest; a space for NaN or infinity."""
    values = [*values]
    finite = [value for value in values if math.isfinite(value)]
    low, high = min(finite, default=0.0), max(finite, default=0.0)
    scale = (len(LEVELS) - 1) / (high - low) if high > low else 0.0
    return "".join(LEVELS[round((value - low) * scale)] if math.isfinite(value) else " " for value in values)


def _sorted(names: Iterable[str], latest: Mapping[str, float]) -> list[str]:
    """Sort names: losses, then names without a slash such as outputs, then values of players and samples."""
    order = [*latest]

    def key(name: str) -> tuple[int, int, str]:
        group = 0 if is_loss(name) else 2 if "/" in name else 1
        return group, order.index(name) if name in order else len(order), name

    return sorted(names, key=key)


def _can_show_pictures(console: Console, options: ConsoleOptions) -> bool:
    """Return True when a terminal has the colours and the characters for a picture."""
    return console.color_system in COLOURS and not console.no_color and not options.ascii_only
