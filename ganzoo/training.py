"""The loop: seed, data, steps, and when to log, draw and save.

It is called training.py because ganzoo.train is the function.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import torch
from accelerate import Accelerator
from accelerate.utils import broadcast_object_list, set_seed

from ganzoo import build, checkpoint, device, state
from ganzoo.data import Batches
from ganzoo.discovery import Plugins
from ganzoo.ema import Ema
from ganzoo.engine import Engine
from ganzoo.errors import Diverged, EnvironmentProblem, GanzooError, Interrupted
from ganzoo.rates import Rates
from ganzoo.recipe import Recipe
from ganzoo.recorder import Recorder
from ganzoo.run import Run
from ganzoo.signals import StopFlag

ENDINGS: dict[type, str] = {Diverged: "diverged", Interrupted: "interrupted"}


def train(recipe: Recipe, plugins: Plugins, out: Path, resume: Run | None = None) -> Run:
    """Train a recipe into a new folder below `out`, or go on with a run from its newest checkpoint.

    Errors: GanzooError of the kind that says what happened: Misfit, DataError, Diverged, Interrupted, ...
    """
    with _determinism(recipe.run.deterministic):
        session = _Session(recipe, plugins, device.accelerator(recipe.run), out, resume)
        session.run_to_the_end()
        return session.run


class _Session:
    """Everything that one training run holds in memory, on each of its processes."""

    def __init__(self, recipe: Recipe, plugins: Plugins, accelerator: Accelerator, out: Path, resume: Run | None):
        self.settings, self.accelerator = recipe.run, accelerator
        rank, world = accelerator.process_index, accelerator.num_processes
        dataset = build.dataset(recipe)
        self.batches = Batches(
            dataset,
            self.settings.batch_size,
            self.settings.seed,
            accelerator.device,
            rank,
            world,
            self.settings.workers,
        )
        self.procedure = build.procedure(recipe, dataset.spec)
        build.check_fit(self.procedure, dataset.spec)
        if self.settings.compile:
            build.compile_networks(self.procedure)
        self.engine = Engine(self.procedure, build.optimizers(recipe.optimizer), accelerator, self.settings.clip)
        self.ema = Ema(self.procedure, self.settings.ema) if self.settings.ema else None
        self.rates = Rates(recipe.schedule, self.engine.optimizers)
        self.steps = self.settings.steps or self._steps(self.settings.epochs or 1)
        set_seed(self.settings.seed + rank)  # each process draws noise of its own
        self.main = accelerator.is_main_process
        self.run = resume or Run(Path(self._shared(str(Run.create(recipe, out).folder) if self.main else "")))
        self.t, self.saved_at, self.remarks = 0, -1, list[str]()
        if resume:
            self.t, self.remarks = state.restore(checkpoint.read(resume.latest), self.engine, self.ema, self.batches)
            self.saved_at = self.t
        self.recorder = (
            Recorder(self.run, recipe, plugins, dataset, self.engine, self.ema, self.steps) if self.main else None
        )

    def run_to_the_end(self) -> None:
        with self.recorder or nullcontext(), StopFlag() as stop:
            try:
                if self.recorder:
                    self.recorder.begin(self.t, self.remarks, resumed=self.saved_at >= 0)
                self._loop(stop)
            except GanzooError as error:
                self._end(ENDINGS.get(type(error), "failed"), error.message)
                raise
            except (Exception, KeyboardInterrupt) as error:
                self._end("failed", f"{type(error).__name__}: {error}")
                raise
            self._end("finished")

    def _loop(self, stop: StopFlag) -> None:
        settings = self.settings
        since, drawn = time.monotonic(), self.batches.position
        while self.t < self.steps:
            self.rates.set(self.t, self.steps)
            self.engine.step(self.batches, self.t)
            if self.ema:
                self.ema.update()
            self.t += 1
            last = self.t == self.steps
            if last or self.t % settings.log == 0:
                images = (self.batches.position - drawn) * settings.batch_size * self.accelerator.num_processes
                self._report(images / max(1e-9, time.monotonic() - since))
                since, drawn = time.monotonic(), self.batches.position
            if self.recorder and (last or self.t % settings.sample == 0) and not self.recorder.draw(self.t):
                raise self._diverged("a generated sample is not a finite number")
            if last or self.t % settings.save == 0:
                self._save()
            if self._told(stop):
                self._save()
                raise Interrupted(
                    f"stopped by {stop.signal or 'another process'} after step {self.t} of {self.steps}; everything is "
                    f"saved. Go on with: ganzoo resume {self.run.folder}"
                )

    def _report(self, images_per_second: float) -> None:
        values = self.engine.read()
        for name, value in values.items():
            if not math.isfinite(value):
                raise self._diverged(f"{name} is {value}")
        if self.recorder:
            self.recorder.report(self.t, values, images_per_second)

    def _save(self) -> None:
        """A checkpoint of this step, unless it is there already."""
        if self.t == self.saved_at:
            return
        for name, parameter in self.procedure.named_parameters():
            if not torch.isfinite(parameter).all():
                raise self._diverged(f"the weight {name} is no longer finite")
        mine = state.capture(self.engine, self.ema, self.batches, self.t)
        keep, wait = self.settings.keep, self.accelerator.wait_for_everyone
        try:
            checkpoint.write(self.run.checkpoints, self.t, mine, keep=keep, main=self.main, wait=wait)
        except OSError as error:
            raise EnvironmentProblem(
                f"the checkpoint of step {self.t} could not be written: {error}. {self._kept()} "
                f"Make room, then: ganzoo resume {self.run.folder}"
            ) from error
        self.saved_at = self.t

    def _told(self, stop: StopFlag) -> bool:
        """True on every process as soon as one was told to stop."""
        if self.accelerator.num_processes == 1:
            return bool(stop)
        flag = torch.tensor(float(bool(stop)), device=self.accelerator.device)
        return bool(self.accelerator.reduce(flag, "sum").item())

    def _diverged(self, what: str) -> Diverged:
        return Diverged(
            f"diverged at step {self.t}: {what}. {self._kept()} Try a smaller learning rate or run.clip=1.0."
        )

    def _kept(self) -> str:
        return (
            f"The last good checkpoint is {self.run.latest}." if self.saved_at > 0 else "No checkpoint was saved yet."
        )

    def _end(self, ending: str, error: str = "") -> None:
        if self.recorder:
            self.recorder.end(ending, self.t, error)

    def _steps(self, epochs: float) -> int:
        return max(1, round(epochs * self.batches.per_epoch / self.procedure.batches_per_step))

    def _shared(self, text: str) -> str:
        """The main process's text, on every process."""
        return broadcast_object_list([text])[0]


@contextmanager
def _determinism(wanted: bool) -> Iterator[None]:
    """Deterministic algorithms inside the block; cuBLAS wants its workspace fixed beforehand."""
    if not wanted:  # setting it, even to what it is, imports the compiler: two seconds
        yield
        return
    before = torch.are_deterministic_algorithms_enabled()
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)
