"""What a person sees while a run trains: a live view in a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from PIL import Image
from rich import progress as rich_progress
from rich.console import Console
from rich.live import Live

from ganzoo.runs.metrics_log import is_loss
from ganzoo.terminal.dashboard import Dashboard, short

PLAIN_EVERY = 10.0  # seconds between lines when not in a terminal
LIVE_EVERY = 0.5  # seconds between two pictures of a view: drawing one takes milliseconds from training


class _Console(Console):
    """rich's own ends the process when the pipe it writes to is closed."""

    def on_broken_pipe(self) -> None:
        self.quiet = True


class Display:
    """Shows steps, losses, images per second and time left. When nobody can read it any more, it falls silent.

    stderr: where it is shown; False for a command whose purpose it is.
    """

    def __init__(self, steps: int, first: int, stderr: bool = True):
        self.console = _Console(stderr=stderr, highlight=False)
        self.steps = steps
        self.view = Dashboard(steps, first)
        self._shown_at = 0.0
        self._line = ""
        self._live: Live | None = None
        self._bar: rich_progress.Progress | None = None
        if self.console.is_terminal:
            self._bar = self.view.bar
            self._live = Live(self.view, console=self.console, auto_refresh=False)

    def __enter__(self) -> Display:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    def say(self, text: str) -> None:
        try:
            self.console.print(text, markup=False, soft_wrap=True)
        except OSError:  # a terminal that went away
            self._fall_silent()

    def update(self, t: int, values: Mapping[str, float], images_per_second: float) -> None:
        """Step t ended with these numbers."""
        self.add(t, values, images_per_second)
        self.show(t == self.steps)

    def add(self, t: int, values: Mapping[str, float], images_per_second: float) -> None:
        """The same, without showing it yet."""
        self.view.add(t, values, images_per_second)
        told = [(name, value) for name, value in values.items() if is_loss(name) or "/" not in name]
        numbers = "  ".join(f"{short(name)} {value:.3f}" for name, value in told)
        self._line = f"step {t}/{self.steps}  {numbers}  {images_per_second:.0f} images/s"

    def show(self, now: bool = False) -> None:
        """What was added last, unless something was shown a moment ago; at any rate when it has to be `now`."""
        every = LIVE_EVERY if self._live else PLAIN_EVERY
        if not self._line or not (now or time.monotonic() - self._shown_at > every):
            return
        self._shown_at = time.monotonic()
        if self._live:
            self._refresh()
        else:
            self.say(self._line)

    def forget(self) -> None:
        """What was added: a run that went back to an earlier step says it anew."""
        self.view.trends.clear()

    def picture(self, path: Path) -> None:
        """The newest grid."""
        if not self._live:
            return
        try:
            with Image.open(path) as opened:
                self.view.picture = opened.convert("RGB")
        except OSError:  # it could not be written, or not yet
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
        self._bar = None
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
        self._display = Display(steps, 0)
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
            values: Numbers to show beside it, such as losses.
        """
        elapsed = max(time.monotonic() - self._started_at, 1e-9)
        self._display.update(step, values, step * self._batch_size / elapsed)
