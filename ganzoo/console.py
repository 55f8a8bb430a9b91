"""What a person sees while a run trains: a live bar in a terminal, plain lines elsewhere. All of it on stderr."""

from __future__ import annotations

import time
from collections.abc import Mapping

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

PLAIN_EVERY = 10.0  # seconds between lines when not in a terminal


class _Console(Console):
    """rich's own ends the process when the pipe it writes to is closed."""

    def on_broken_pipe(self) -> None:
        self.quiet = True


class Display:
    """Shows steps, losses, images per second and time left. When nobody can read it any more, it falls silent."""

    def __init__(self, steps: int, first: int):
        self.console = _Console(stderr=True, highlight=False)
        self.steps = steps
        self._shown_at = 0.0
        self._bar: Progress | None = None
        if self.console.is_terminal:
            columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
            self._bar = Progress(*columns, console=self.console)
            self._task = self._bar.add_task("", total=steps, completed=first)

    def __enter__(self) -> Display:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.stop()

    def say(self, text: str) -> None:
        try:
            self.console.print(text, markup=False, soft_wrap=True)
        except OSError:  # a terminal that went away
            self._fall_silent()

    def update(self, t: int, values: Mapping[str, float], images_per_second: float) -> None:
        """Step t ended with these numbers."""
        numbers = "  ".join(f"{_short(name)} {value:.3f}" for name, value in values.items())
        text = f"{numbers}  {images_per_second:.0f} images/s"
        if self._bar:
            self._bar.update(self._task, completed=t, description=escape(text))
        elif t == self.steps or time.monotonic() - self._shown_at > PLAIN_EVERY:
            self._shown_at = time.monotonic()
            self.say(f"step {t}/{self.steps}  {text}")

    def _fall_silent(self) -> None:
        self.console.quiet, bar, self._bar = True, self._bar, None
        if bar:
            bar.stop()


def _short(name: str) -> str:
    """discriminator/adversarial -> discriminator, the term every player has."""
    return name.removesuffix("/adversarial")
