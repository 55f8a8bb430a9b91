"""Progress of a training run: a live view in a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from PIL import Image
from rich.console import Console
from rich.live import Live

from ganzoo.runs.metrics_log import MEANINGS, is_loss
from ganzoo.terminal.dashboard import Dashboard, short

PLAIN_EVERY = 10.0  # seconds between plain lines
LIVE_EVERY = 0.5  # seconds between updates of the live view, each of which takes milliseconds from training


class _Console(Console):
    """A console that falls silent when the pipe it writes to is closed, where rich's own ends the process."""

    def on_broken_pipe(self) -> None:
        self.quiet = True


class ProgressDisplay:
    """Shows steps, losses, images per second and remaining time; falls silent when the terminal is closed.

    Args:
        steps: Number of steps of the whole run.
        first: Number of steps that are already done.
        stderr: Write to stderr; False for stdout, if the display is the output of a command.
    """

    def __init__(self, steps: int, first: int, stderr: bool = True):
        self.console = _Console(stderr=stderr, highlight=False)
        self.steps = steps
        self.dashboard = Dashboard(steps, first)
        self._shown_at = 0.0
        self._line = ""
        self._unexplained = [*MEANINGS]
        self._live: Live | None = None
        if self.console.is_terminal:
            self._live = Live(self.dashboard, console=self.console, auto_refresh=False)

    def __enter__(self) -> ProgressDisplay:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    def say(self, text: str) -> None:
        """Print a line of text above the progress."""
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
        every = LIVE_EVERY if self._live else PLAIN_EVERY
        if not self._line or not (now or time.monotonic() - self._shown_at > every):
            return
        self._shown_at = time.monotonic()
        for name in [name for name in self._unexplained if name in self.dashboard.trends]:
            self.say(f"{name}: {MEANINGS[name]}")
            self._unexplained.remove(name)
        if self._live:
            self._refresh()
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
            with Image.open(path) as picture:
                self.dashboard.picture = picture.convert("RGB")
        except OSError:  # the file has not been written yet
            return
        self._refresh()

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
