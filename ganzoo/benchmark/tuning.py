"""Search for the settings with which a recipe trains fastest on this machine, without other results.

Threads, the order of images in memory and compilation change results by rounding only. They are measured in turns, one
after another, and each is kept where it is faster. Batch size and precision change results: they are measured too, and
only listed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch

from ganzoo.benchmark import profile, throughput
from ganzoo.config import instantiate
from ganzoo.config.overrides import as_toml
from ganzoo.config.recipe import Recipe
from ganzoo.errors import GanzooError, describe
from ganzoo.training import threads as thread_numbers
from ganzoo.training import tuned
from ganzoo.training.thread_policy import pace
from ganzoo.utils import signals

COMPARED_STEPS = 4  # whose losses have to agree
SAME_LOSS = 0.01  # relative difference of losses that counts as rounding
FASTER = 1.03  # times as fast, at least, to be kept
BLOCK = 0.5  # seconds of steps of one candidate before the next one's turn
FEWEST_TURNS = 3
UNPLANNED = 10**6  # steps of a training for schedules: no learning rate changes while it is timed
LONGEST_BUILD = 90.0  # seconds until the first steps of a candidate are done, at least
BATCHES = (2, 4)  # times the recipe's batch size


@dataclass(frozen=True)
class Tried:
    """A setting that was tried.

    Attributes:
        setting: Setting of [run].
        value: Its value.
        images_per_second: The speed; None when it failed.
        ratio: Its speed over that of the settings before it.
        note: Why it was not kept, or what else it changes.
        kept: True if it belongs to the settings that were found.
    """

    setting: str
    value: Any
    images_per_second: float | None
    ratio: float | None
    note: str = ""
    kept: bool = False

    def __str__(self) -> str:
        speed = ""
        if self.images_per_second is not None:
            speed = f"{self.images_per_second:,.0f} images/s, {self.ratio:.2f} times as fast"
        return ": ".join(filter(None, (override(self.setting, self.value), speed, self.note)))


def override(setting: str, value: Any) -> str:
    """Return a setting of [run] as on the command line."""
    return f"run.{setting}={as_toml(value)}"


@dataclass(frozen=True)
class Tuning:
    """The settings that were tried, and the fastest.

    Attributes:
        tried: Settings that change results by rounding only, in the order of their trial.
        others: Settings that change results.
        fastest: The settings of [run] that are the fastest with the same results.
    """

    tried: list[Tried]
    others: list[Tried]
    fastest: dict[str, Any]

    @property
    def overrides(self) -> list[str]:
        """The overrides of the recipe that make it the fastest, as on the command line."""
        return [override(one.setting, one.value) for one in self.tried if one.kept]


@dataclass
class Candidate:
    """A training that is timed.

    Attributes:
        training: The training.
        threads: Its number of CPU threads.
        losses: Values that it logged in its first steps.
    """

    training: throughput.Training
    threads: int
    losses: dict[str, float]

    def seconds(self, duration: float) -> list[float]:
        """Train for some seconds, two steps or more, and return the duration of each step."""
        torch.set_num_threads(self.threads)
        durations: list[float] = []
        while len(durations) < 2 or len(durations) % 2 or sum(durations) < duration:
            start = profile.now(self.training.device)
            self.training.step()
            durations.append(profile.now(self.training.device) - start)
        return durations

    @property
    def recipe(self) -> Recipe:
        """The recipe with its changes."""
        return self.training.session.recipe

    @property
    def images(self) -> int:
        """Real images of a step."""
        return self.training.session.procedure.batches_per_step * self.recipe.run.batch_size


class Tuner:
    """Measures settings of a recipe in turns, for a limited time.

    Args:
        recipe: The recipe.
        seconds: Time for all measurements; those in progress are finished.
        say: Receives a line of text for each setting.
    """

    def __init__(self, recipe: Recipe, seconds: float, say: Callable[[str], None] = lambda line: None):
        self.recipe = recipe
        self.seconds = seconds
        self.say = say
        self.tried: list[Tried] = []

    def tune(self) -> Tuning:
        """Find the fastest settings.

        Returns:
            What was tried and found.

        Raises:
            GanzooError: The recipe cannot be trained.
        """
        with _threads_kept():
            best = self._threads()
            best = self._switch(best, "channels_last", self._has_images(best), share=0.25)
            best = self._switch(best, "compile", self._can_compile(best), share=0.35)
            others = [self._beside(best, "batch_size", k * self.recipe.run.batch_size) for k in BATCHES]
            others.append(self._beside(best, "precision", "no" if self.recipe.run.precision != "no" else "bf16"))
        settings = {**best.recipe.run.model_dump(), "threads": best.threads}
        return Tuning(self.tried, others, {name: settings[name] for name in tuned.TUNED})

    def _threads(self) -> Candidate:
        """Return the recipe with the fastest number of threads."""
        base = self._candidate({}, 1)
        settings = self.recipe.run.model_copy(update={"threads": "auto"})
        numbers = thread_numbers.options(settings, base.training.device)
        candidates = [replace(base, threads=n) for n in numbers]
        speeds = self._speeds(candidates, 0.2)
        chosen = next(i for i, speed in enumerate(speeds) if speed * FASTER >= max(speeds))  # few rather than many
        for i, (n, speed) in enumerate(zip(numbers, speeds, strict=True)):
            self._note(Tried("threads", n, speed, speed / speeds[0], kept=i == chosen))
        return candidates[chosen]

    def _switch(self, best: Candidate, setting: str, obstacle: str, share: float) -> Candidate:
        """Turn a switch of [run], and keep it so if that is faster.

        Args:
            best: The best settings so far.
            setting: The switch.
            obstacle: Why it cannot be turned, or "".
            share: Share of the time.

        Returns:
            The best settings.
        """
        value = not best.recipe.run.model_dump()[setting]
        if obstacle:
            self._note(Tried(setting, value, None, None, obstacle))
            return best
        began = time.monotonic()
        try:
            with signals.deadline(max(LONGEST_BUILD, self.seconds / 2)):
                other = self._candidate({setting: value}, best.threads, best)
        except Exception as error:  # torch.compile may raise anything
            self._note(Tried(setting, value, None, None, f"failed: {_reason(error)}"))
            return best
        if difference := _difference(best.losses, other.losses):
            self._note(Tried(setting, value, None, None, f"other results: {difference}"))
            return best
        built = time.monotonic() - began
        before, after = self._speeds([best, other], share)
        kept = after >= FASTER * before
        note = f"{built:.0f} s until the first step is done" if setting == "compile" else ""
        self._note(Tried(setting, value, after, after / before, note, kept))
        return other if kept else best

    def _beside(self, best: Candidate, setting: str, value: Any) -> Tried:
        """Measure a setting that changes results."""
        try:
            other = self._candidate({setting: value}, best.threads, best)
            before, after = self._speeds([best, other], 0.07)
            found = Tried(setting, value, after, after / before, "changes results")
        except Exception as error:
            found = Tried(setting, value, None, None, f"failed: {_reason(error)}")
        self.say(str(found))
        return found

    def _candidate(self, changes: dict[str, Any], threads: int, best: Candidate | None = None) -> Candidate:
        """Build the training of changed settings, and train its first steps."""
        before = best.recipe if best else self.recipe
        fixed = {"threads": threads, "log": UNPLANNED}
        recipe = replace(before, run=before.run.model_copy(update={**changes, **fixed}))
        training = throughput.Training(recipe, UNPLANNED)
        torch.set_num_threads(threads)
        for _ in range(COMPARED_STEPS):
            training.step()
        return Candidate(training, threads, training.session.engine.read())

    def _speeds(self, candidates: Sequence[Candidate], share: float) -> list[float]:
        """Return the images per second of candidates that are timed in turns."""
        durations: list[list[float]] = [[] for _ in candidates]
        end = time.monotonic() + share * self.seconds
        turns = 0
        while turns < FEWEST_TURNS or time.monotonic() < end:
            for i in range(len(candidates)) if turns % 2 == 0 else reversed(range(len(candidates))):
                durations[i] += candidates[i].seconds(BLOCK)
            turns += 1
        return [one.images / pace(timed) for one, timed in zip(candidates, durations, strict=True)]

    def _has_images(self, best: Candidate) -> str:
        procedure = best.training.session.procedure
        return "" if any(p.dim() == 4 for p in procedure.parameters()) else "no convolutions"

    def _can_compile(self, best: Candidate) -> str:
        try:
            instantiate.check_compile(best.training.session.procedure)
        except GanzooError as error:
            return error.message.partition(": compiled")[0]
        return ""

    def _note(self, tried: Tried) -> None:
        self.tried.append(tried)
        self.say(str(tried))


def _reason(error: Exception) -> str:
    return error.message if isinstance(error, GanzooError) else describe(error)


def _difference(losses: dict[str, float], others: dict[str, float]) -> str:
    """Return the first loss that differs by more than rounding, or ""."""
    for name, value in losses.items():
        other = others.get(name, float("nan"))
        if not abs(other - value) <= SAME_LOSS * max(1.0, abs(value)):
            return f"{name} is {other:.4g}, and {value:.4g} without it"
    return ""


@contextmanager
def _threads_kept() -> Iterator[None]:
    before = torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads(before)
