"""Progress of a training run: a live view in a terminal, a live bar in a notebook, plain lines elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from PIL import Image
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress

from ganzoo.errors import escaped
from ganzoo.runs.metrics_log import MEANINGS, is_loss
from ganzoo.terminal import notebook
from ganzoo.terminal.console import Console
from ganzoo.terminal.dashboard import Dashboard, short
from ganzoo.utils import regular

PLAIN_EVERY = 10.0  # seconds between plain lines
TICK = 1.0  # seconds between two signs of life in a terminal
PATIENCE = 2.0  # seconds before a line says what is waited for
LIVE_EVERY = 0.5  # seconds between updates of the live view, each of which takes milliseconds from training


class ProgressDisplay:
    """Shows steps, losses, images per second and remaining time; falls silent when the terminal is closed.

    Args:
        steps: Number of steps of the whole run.
        first: Number of steps that are already done.
        stderr: Write to stderr; False for stdout, if the display is the output of a command.
        estimated: Estimate the time left from the steps as they come, until expect_end() is called.
    """

    def __init__(self, steps: int, first: int, stderr: bool = True, estimated: bool = True):
        self.console = Console(stderr=stderr, highlight=False)
        self.steps = steps
        self.dashboard = Dashboard(steps, first, estimated)
        self._shown_at = 0.0
        self._printed_at = 0.0
        self._line = ""
        self._step = first
        self._first = first
        self._began_at = 0.0  # when the first step of this process began
        self._activities: list[tuple[str, float]] = []  # and when they began
        self._unexplained = [*MEANINGS]
        self._live: Live | None = None
        self._notebook = notebook.live()
        self._said: list[str] = []  # lines under the bar of a notebook
        if self.console.is_terminal and not self._notebook:
            self._live = Live(self.dashboard, console=self.console, auto_refresh=False)

    def __enter__(self) -> ProgressDisplay:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()
        if self._notebook:
            self._show_bar()

    @contextmanager
    def keep_moving(self) -> Iterator[None]:
        """Show inside the block that the run is alive, however long a step or anything else takes.

        A terminal is refreshed every second. Elsewhere a line is printed when there was none for ten seconds.
        """
        self._began_at = time.monotonic()
        self._printed_at = self._began_at
        with ticking(TICK, self._tick):
            yield

    def _tick(self) -> None:
        if self._live:
            self.dashboard.advance(self._step, self._activity())
            self._refresh()
        elif self._notebook:
            self._show_bar()
        elif time.monotonic() - self._printed_at >= PLAIN_EVERY:
            self.say(f"step {self._step}/{self.steps}  {self._activity()}".rstrip())

    def _activity(self) -> str:
        """Return what is going on: steps and their duration, or what else takes time."""
        if self._activities:
            name, began = self._activities[-1]
            return f"{name}: {time.monotonic() - began:.0f} s so far"
        done, seconds = self._step - self._first, time.monotonic() - self._began_at
        if not done:
            return f"{seconds:.0f} s in the first step"
        return f"{seconds / done:.2g} s a step" if seconds > done else f"{done / max(seconds, 1e-9):.0f} steps/s"

    def step(self, t: int) -> None:
        """Note that step t has ended; costs nothing."""
        self._step = t

    def expect_end(self, seconds: float | None) -> None:
        """Show in a terminal that the run ends in so many seconds; None when that is unknown."""
        self.dashboard.expect_end(seconds)

    @contextmanager
    def activity(self, name: str) -> Iterator[None]:
        """Say inside the block what takes time besides the steps, such as "drawing a grid"."""
        began = time.monotonic()
        self._activities.append((name, began))
        try:
            yield
        finally:
            self._activities.pop()
            if not self._activities:  # the outermost one contains the others
                self._began_at += time.monotonic() - began  # is not counted as time of the steps

    def say(self, text: str) -> None:
        """Print a line of text above the progress, in a notebook below it."""
        self._printed_at = time.monotonic()
        if self._notebook:
            self._said.append(escaped(text))
            self._show_bar()
            return
        try:
            self.console.print(text, markup=False, soft_wrap=True)
        except OSError:  # the terminal was closed
            self._fall_silent()

    def update(self, t: int, values: Mapping[str, float], images_per_second: float) -> None:
        """Add the values of a logged step and show them.

        Args:
            t: Number of steps done.
            values: Values by name, such as losses.
            images_per_second: Speed of the training.
        """
        self.add(t, values, images_per_second)
        self.show(t == self.steps)

    def add(self, t: int, values: Mapping[str, float], images_per_second: float) -> None:
        """Add the values of a logged step; see update()."""
        self.dashboard.add(t, values, images_per_second)
        shown = [(name, value) for name, value in values.items() if is_loss(name) or "/" not in name]
        numbers = "  ".join(f"{short(name)} {value:.3f}" for name, value in shown)
        self._line = f"step {t}/{self.steps}  {numbers}  {images_per_second:.0f} images/s"

    def show(self, now: bool = False) -> None:
        """Show the values that were added last, unless the previous ones were shown a moment ago.

        Args:
            now: Show them at once in any case.
        """
        every = LIVE_EVERY if self._live or self._notebook else PLAIN_EVERY
        if not self._line or not (now or time.monotonic() - self._shown_at > every):
            return
        self._shown_at = time.monotonic()
        for name in [name for name in self._unexplained if name in self.dashboard.trends]:
            self.say(f"{name}: {MEANINGS[name]}")
            self._unexplained.remove(name)
        if self._live:
            self._refresh()
        elif self._notebook:
            self._show_bar()
        else:
            self.say(self._line)

    def clear(self) -> None:
        """Remove all values, after a run went back to an earlier step."""
        self.dashboard.trends.clear()

    def picture(self, path: Path) -> None:
        """Show a picture file next to the values, such as the newest sample grid."""
        if not self._live:
            return
        try:
            with regular.open_file(path) as file, Image.open(file) as picture:
                self.dashboard.picture = picture.convert("RGB")
        except OSError:  # the file has not been written yet
            return
        self._refresh()

    def _show_bar(self) -> None:
        assert self._notebook
        text = "  ".join(filter(None, [self._line or f"step {self._step}/{self.steps}", self._activity()]))
        self._notebook.show(notebook.bar(self._step, self.steps, text, self._said))

    def _refresh(self) -> None:
        try:
            if self._live:
                self._live.refresh()
        except OSError:
            self._fall_silent()

    def _fall_silent(self) -> None:
        self.console.quiet = True
        live = self._live
        self._live = None
        if live:
            live.stop()


@contextmanager
def ticking(seconds: float, tick: Callable[[], None]) -> Iterator[None]:
    """Call `tick` every so many seconds inside the block, in a thread."""
    ended = threading.Event()

    def run() -> None:
        while not ended.wait(seconds):
            tick()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Show on stderr, inside the block, that something without a measure of progress goes on.

    A terminal shows a sign that moves. Elsewhere a line is printed after two seconds, and one every ten seconds.

    Args:
        what: What is done: "reading the data".
    """
    console = Console(stderr=True, highlight=False)
    if shown := notebook.live():
        shown.show(f"<code>{what}</code>")
        try:
            yield
        finally:
            shown.show("")
        return
    if console.is_terminal:
        with console.status(what, refresh_per_second=4):
            yield
        return
    began = time.monotonic()
    due = [began + PATIENCE]

    def tick() -> None:
        now = time.monotonic()
        if now >= due[0]:
            with suppress(OSError):  # the terminal was closed
                console.print(f"{what}: {now - began:.0f} s so far", markup=False, soft_wrap=True)
            due[0] = now + PLAIN_EVERY

    with ticking(min(TICK, PATIENCE), tick):
        yield


class Counter:
    """Progress of things that are counted, on stderr: a bar in a terminal, a line every ten seconds elsewhere.

    Args:
        what: What is counted, in the plural.
        total: Their number.
    """

    def __init__(self, what: str, total: int):
        self._what = what
        self._total = total
        self._console = Console(stderr=True, highlight=False)
        self._shown_at = time.monotonic()
        columns = (BarColumn(), MofNCompleteColumn(), TextColumn(what), TimeRemainingColumn())
        self._bar = RichProgress(
            *columns, console=self._console, transient=True, disable=not self._console.is_terminal, refresh_per_second=2
        )
        self._task = self._bar.add_task("", total=total)

    def __enter__(self) -> Counter:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def show(self, done: int) -> None:
        """Show how many there are so far."""
        self._bar.update(self._task, completed=done)
        if not self._console.is_terminal and time.monotonic() - self._shown_at > PLAIN_EVERY:
            self._shown_at = time.monotonic()
            self._console.print(f"{done:,} of {self._total:,} {self._what}", soft_wrap=True)


class Progress:
    """Progress of a long computation inside a component, on stderr: a bar in a terminal, plain lines elsewhere.

    A context manager: `with Progress(steps, batch_size) as progress:`, then `progress.update(step, {"loss": loss})`
    after each step.

    Args:
        steps: Number of steps of the computation.
        batch_size: Samples in one step, for the speed in samples per second.
    """

    def __init__(self, steps: int, batch_size: int = 1):
        self._display = ProgressDisplay(steps, 0)
        self._batch_size = batch_size
        self._started_at = 0.0

    def __enter__(self) -> Progress:
        self._started_at = time.monotonic()
        self._display.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._display.__exit__()

    def say(self, text: str) -> None:
        """Print a line of text above the progress."""
        self._display.say(text)

    def update(self, step: int, values: Mapping[str, float]) -> None:
        """Show that a step has ended.

        Args:
            step: Number of steps done, from 1.
            values: Values to show next to it, such as losses.
        """
        elapsed = max(time.monotonic() - self._started_at, 1e-9)
        self._display.update(step, values, step * self._batch_size / elapsed)
