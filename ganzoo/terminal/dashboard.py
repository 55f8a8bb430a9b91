"""Live view of a run: progress, values with their trends, and the newest sample grid. Imports no torch."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Iterable, Mapping
from datetime import timedelta

from PIL import Image
from rich.console import Console, ConsoleOptions, RenderResult
from rich.progress import BarColumn, MofNCompleteColumn, Progress, Task, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from ganzoo.runs.metrics_log import is_loss
from ganzoo.terminal import image

TREND = 16  # newest values in a trend
LEVELS = "▁▂▃▄▅▆▇█"
NAME, NUMBER = 22, 9  # largest width of a name and of a number, in characters
LINE = NAME + NUMBER + TREND + 2  # width of a line with its trend; the picture has the rest
SMALLEST_PICTURE = 16  # columns, and half as many lines; a smaller picture shows nothing


class TimeLeft(TimeRemainingColumn):
    """Time until the expected end of a run; while that is unknown, rich's estimate from the newest steps, or dashes."""

    max_refresh = 0.0

    def render(self, task: Task) -> Text:
        """Return hours, minutes and seconds."""
        ends_at, estimated = task.fields["ends_at"], task.fields["estimated"]
        if ends_at is not None and not task.finished:
            return Text(str(timedelta(seconds=max(0, round(ends_at - time.monotonic())))), style="progress.remaining")
        return super().render(task) if estimated or task.finished else Text("-:--:--", style="progress.remaining")


class Dashboard:
    """Progress bar, values and picture of a run, which rich can print.

    Args:
        steps: Number of steps of the whole run.
        first: Number of steps that are already done.
        estimated: Estimate the time left from the steps as they come; False where many come at once.
    """

    def __init__(self, steps: int, first: int = 0, estimated: bool = True):
        self.bar = Progress(
            BarColumn(),
            MofNCompleteColumn(),
            TimeLeft(),
            TextColumn("{task.description}"),
            TextColumn("{task.fields[activity]}"),
            auto_refresh=False,
        )
        self._task = self.bar.add_task("", total=steps, completed=first, activity="", ends_at=None, estimated=estimated)
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

    def expect_end(self, seconds: float | None) -> None:
        """Show that the run ends in so many seconds; None when that is unknown."""
        self.bar.update(self._task, ends_at=None if seconds is None else time.monotonic() + seconds)

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
        if self.picture is None or too_small or not image.can_show(console, options):
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
