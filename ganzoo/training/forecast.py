"""Forecast of the time that a training takes, from the times of its own steps, grids, checkpoints and scores."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from ganzoo.config.recipe import Recipe

GRIDS = "grids"  # names of the occasions
CHECKPOINTS = "checkpoints"
SCORES = "scores"
FIRST_WINDOW = 2.0  # seconds
FEWEST_STEPS = 3  # steps in a window, unless they take LONGEST_WINDOW
LONGEST_WINDOW = 20.0  # seconds for fewer steps than FEWEST_STEPS
SHORT = 20.0  # seconds; what takes no longer is not worth a line
CHANGED = 1.5  # a forecast that is this many times longer or shorter than the one that was told is told again
LARGE_SHARE = 0.05  # share of the time from which grids, checkpoints and scores are named


@dataclass(frozen=True)
class Occasion:
    """Something that is done every so many steps, besides training.

    Attributes:
        name: What it is, in the plural.
        count: How often it is still due.
        seconds: Time of one; None before the first one was measured.
    """

    name: str
    count: int
    seconds: float | None

    @property
    def total(self) -> float:
        """Seconds of all of them, as far as they are known."""
        return self.count * (self.seconds or 0.0)


@dataclass(frozen=True)
class Forecast:
    """Time that a training takes from some step to its end.

    Attributes:
        steps: Number of steps.
        step_seconds: Time of one step.
        occasions: Grids, checkpoints and scores that are due.
    """

    steps: int
    step_seconds: float
    occasions: tuple[Occasion, ...] = ()

    @property
    def seconds(self) -> float:
        """The whole time in seconds; occasions that were not measured are left out."""
        return self.steps * self.step_seconds + sum(occasion.total for occasion in self.occasions)

    def __str__(self) -> str:
        details = [f"{self.steps:,} steps of {_precise(self.step_seconds)}"]
        unknown = []
        for occasion in self.occasions:
            if occasion.total > LARGE_SHARE * self.seconds and occasion.seconds:
                details.append(f"{occasion.count} {occasion.name} of {_precise(occasion.seconds)}")
            elif occasion.seconds is None and occasion.count:
                unknown.append(f"{occasion.count} {occasion.name}")
        left_out = f", without {' and '.join(unknown)}" if unknown else ""
        return f"{duration(self.seconds)}: {', '.join(details)}{left_out}"


class Stopwatch:
    """Measures the steps of a training and all that is done between them.

    Args:
        steps: Number of steps of the whole training.
        every: Name of an occasion, such as "grids" -> steps between two of them; the last step is always one.
        device: The device that trains; its work is waited for when a window ends.
        window: Seconds of steps that are measured before the first forecast; each later window is twice as long.
    """

    def __init__(self, steps: int, every: Mapping[str, int], device: torch.device, window: float = FIRST_WINDOW):
        self.steps = steps
        self.every = every
        self.device = device
        self.spent: dict[str, float] = {CHECKPOINTS: 0.0}  # next to nothing, until the first has been written
        self._window = window
        self._opened: tuple[int, float] | None = None  # step and time at which the window was opened
        self._newest = -1
        self._paused = 0.0  # seconds of occasions in this window
        self._promised_end: float | None = None
        self._ends_at: float | None = None

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Measure an occasion inside the block."""
        start = time.monotonic()
        try:
            yield
        finally:
            self.spent[name] = time.monotonic() - start
            self._paused += self.spent[name]

    def step(self, t: int) -> Forecast | None:
        """Count a step.

        Args:
            t: Number of steps done. The first step that is counted is not measured, because it allocates memory.

        Returns:
            A forecast when a window of steps has been measured, otherwise None.
        """
        returned = t <= self._newest
        self._newest = t
        if self._opened is None or returned:
            self._open(t)
            return None
        first, since = self._opened
        elapsed = time.monotonic() - since - self._paused
        if elapsed < self._window or (t - first < FEWEST_STEPS and elapsed < LONGEST_WINDOW):
            return None
        self._wait()
        step_seconds = (time.monotonic() - since - self._paused) / (t - first)
        self._window *= 2
        self._open(t)
        forecast = self.forecast(t, step_seconds)
        self._ends_at = time.monotonic() + forecast.seconds
        return forecast

    def seconds_left(self) -> float | None:
        """Return the seconds until the end that the newest forecast tells; None before the first one."""
        return None if self._ends_at is None else max(0.0, self._ends_at - time.monotonic())

    def news(self, t: int) -> Forecast | None:
        """Count a step as step() does; return the forecast only when there is something new to tell.

        Args:
            t: Number of steps done.

        Returns:
            The first forecast of a training that is not short, and each that differs much from the one told before.
        """
        forecast = self.step(t)
        if forecast is None:
            return None
        left = forecast.seconds
        promised = None if self._promised_end is None else max(self._promised_end - time.monotonic(), SHORT)
        if max(left, promised or 0.0) <= SHORT:
            return None
        if promised is not None and promised / CHANGED <= left <= promised * CHANGED:
            return None
        self._promised_end = time.monotonic() + left
        return forecast

    def forecast(self, t: int, step_seconds: float) -> Forecast:
        """Return the forecast from a step to the end.

        Args:
            t: Number of steps done.
            step_seconds: Time of one step.

        Returns:
            The forecast.
        """
        occasions = (
            Occasion(name, due(t, self.steps, every), self.spent.get(name)) for name, every in self.every.items()
        )
        return Forecast(self.steps - t, step_seconds, tuple(occasions))

    def _open(self, t: int) -> None:
        self._wait()
        self._opened = (t, time.monotonic())
        self._paused = 0.0

    def _wait(self) -> None:
        if self.device.type != "cpu":
            torch.accelerator.synchronize(self.device)


def stopwatch(recipe: Recipe, steps: int, device: torch.device, window: float = FIRST_WINDOW) -> Stopwatch:
    """Return the stopwatch for a recipe's training.

    Args:
        recipe: The recipe.
        steps: Number of steps of the whole training.
        device: The device that trains.
        window: Seconds of steps that are measured before the first forecast.

    Returns:
        The stopwatch; its occasions are GRIDS, CHECKPOINTS, and SCORES if the recipe is evaluated.
    """
    every = {GRIDS: recipe.run.sample, CHECKPOINTS: recipe.run.save}
    if recipe.evaluate.every:
        every[SCORES] = recipe.evaluate.every
    return Stopwatch(steps, every, device, window)


def due(t: int, steps: int, every: int) -> int:
    """Return how often something is due after step t: every so many steps, and at the last one."""
    if t >= steps:
        return 0
    return steps // every - t // every + (1 if steps % every else 0)


def duration(seconds: float) -> str:
    """Return a time as people say it: "40 s", "12 min", "3 h 20 min", "2 days 5 h"."""
    minutes = round(seconds / 60)
    hours, rest = divmod(minutes, 60)
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if minutes < 90:
        return f"{minutes} min"
    if hours < 48:
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    days, hours = divmod(round(seconds / 3600), 24)
    return f"{days:,} days {hours} h" if hours else f"{days:,} days"


def _precise(seconds: float) -> str:
    """Return a time with two digits, such as "7.3 ms", "0.21 s" or "12 s"."""
    if seconds < 0.0995:
        return f"{1000 * seconds:.2g} ms"
    return f"{seconds:.2g} s" if seconds < 99.5 else duration(seconds)
