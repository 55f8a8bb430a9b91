"""The loop: seed, data, steps, and when to look, draw and save.

It is called training.py because ganzoo.train is the function.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import torch
from accelerate import Accelerator

from ganzoo.config.recipe import Recipe
from ganzoo.data.loader import Batches
from ganzoo.errors import DivergedError, GanzooError, Interrupted
from ganzoo.metrics.evaluator import Evaluator
from ganzoo.registry.discovery import Plugins
from ganzoo.runs import status
from ganzoo.runs.resume import Start, at
from ganzoo.sampling.run import Run
from ganzoo.training import device
from ganzoo.training.checkpointer import Checkpointer
from ganzoo.training.nonfinite import NonFiniteError
from ganzoo.training.recorder import NullRecorder, Recorder
from ganzoo.training.session import Session
from ganzoo.training.stopping import Stopping
from ganzoo.utils import distributed, lock
from ganzoo.utils.signals import StopFlag

ENDINGS: dict[type, str] = {DivergedError: "diverged", Interrupted: "interrupted"}


def train(recipe: Recipe, plugins: Plugins, out: Path, resume: Run | Start | None = None) -> Run:
    """Train a recipe into a new folder below `out`, or go on with a run, from its newest checkpoint or a Start.

    Raises:
        GanzooError: Of the kind that says what happened: IncompatibleError, DataError, DivergedError, Interrupted, ...
    """
    begun = time.monotonic()
    start = at(resume) if isinstance(resume, Run) else resume
    with _determinism(recipe.run.deterministic), ExitStack() as locks:
        accelerator = device.accelerator(recipe.run)
        if start and distributed.is_main():
            locks.enter_context(lock.held(start.run.folder, status.owner(start.run.folder)))
        session = _Session(recipe, plugins, accelerator, out, start, begun)
        if not start and distributed.is_main():
            locks.enter_context(lock.held(session.run.folder, "this one"))
        session.run_to_the_end()
        return session.run


class _Session:
    """Everything that one training run holds in memory, on each of its processes."""

    def __init__(
        self, recipe: Recipe, plugins: Plugins, accelerator: Accelerator, out: Path, start: Start | None, begun: float
    ):
        self.settings = recipe.run
        self.accelerator = accelerator
        self.start = start
        self.begun = begun
        self.trainee = Session(recipe, accelerator)
        self.evaluated = recipe.evaluate.every
        evaluator = None
        if self.evaluated:  # on each process, so that all of them stop where it cannot be done
            data, conditional = self.trainee.dataset, self.trainee.procedure.conditional
            evaluator = Evaluator(recipe, data, plugins.zoo, conditional)
        self.steps = self.trainee.steps
        self.run = Run(start.run.folder) if start else self._shared_run(recipe, out)
        self.recorder = (
            Recorder(self.run, recipe, plugins, self.trainee, evaluator) if distributed.is_main() else NullRecorder()
        )
        packages = plugins.versions(recipe.owners())
        self.checkpointer = Checkpointer(self.run, self.settings, self.trainee, self.recorder, packages)
        step, remarks = self.checkpointer.start(start.checkpoint) if start else (0, [])
        self.t = step
        self.remarks = remarks

    def run_to_the_end(self) -> None:
        limit = self.settings.max_time.total_seconds() if self.settings.max_time else None
        with self.recorder, closing(self.trainee.batches), StopFlag() as flag:
            try:
                self.recorder.begin(self.t, self.start, self.remarks)
                self._loop(Stopping(flag, self.accelerator.device, limit, self.begun))
            except GanzooError as error:
                self._end(ENDINGS.get(type(error), "failed"), error.message)
                raise
            except KeyboardInterrupt:
                self._end("interrupted", "stopped at once, by a second Ctrl-C")
                raise
            except Exception as error:
                self._end("failed", f"{type(error).__name__}: {error}")
                raise
            self._end("finished")

    def _loop(self, stopping: Stopping) -> None:
        pace = _Pace(self.trainee.batches, self.settings.batch_size * distributed.world_size())
        while self.t < self.steps:
            self.trainee.engine.watched = self._logged(self.t + 1)
            self.trainee.step(self.t)
            self.t += 1
            self.recorder.alive(self.t)
            reason = ""
            try:
                self._keep(pace)
                if reason := stopping.reason():
                    self.checkpointer.save(self.t, True)
            except NonFiniteError as finding:
                self.t = self.checkpointer.recover(finding, self.t)
            if reason:
                raise Interrupted(
                    f"stopped by {reason} after step {self.t} of {self.steps}; everything is saved. "
                    f"Go on with: ganzoo resume {self.run.folder}"
                )

    def _keep(self, pace: _Pace) -> None:
        """What is due after this step: the numbers, a grid, a checkpoint. Errors: NonFiniteError."""
        checkpointer, recorder, fine = self.checkpointer, self.recorder, True
        if self._logged(self.t):
            checkpointer.look(self.t)
            values = self.trainee.engine.read()
            fine = recorder.report(self.t, values, pace(), self._due(self.settings.sample, self.t))
        if self._due(self.settings.sample, self.t) and not checkpointer.all_agree(fine):
            raise NonFiniteError("a generated sample is not a finite number", {"noticed_at_step": self.t})
        if self._due(self.settings.save, self.t):
            checkpointer.save(self.t, self.t == self.steps)
        if self.evaluated and self._due(self.evaluated, self.t):
            self._evaluate()

    def _evaluate(self) -> None:
        """Judge this step, and keep a checkpoint of it if it is the best so far."""
        checkpointer = self.checkpointer
        checkpointer.look(self.t)
        if checkpointer.all_agree(self.recorder.evaluate(self.t)):
            checkpointer.save(self.t, self.t == self.steps)
            if checkpointer.saved_at == self.t:
                self.recorder.keep_best(self.t)

    def _due(self, every: int, t: int) -> bool:
        return t == self.steps or t % every == 0

    def _logged(self, t: int) -> bool:
        """Whether numbers are read after step t: whenever they are due, and with every grid."""
        return self._due(self.settings.log, t) or self._due(self.settings.sample, t)

    def _end(self, ending: str, error: str = "") -> None:
        self.recorder.end(ending, self.t, error)

    def _shared_run(self, recipe: Recipe, out: Path) -> Run:
        """Create a new run in the main process, and return it in every process."""
        folder = ""
        if distributed.is_main():
            run = Run.create(recipe, out)
            self.trainee.write_resolved(run)
            folder = str(run.folder)
        return Run(Path(distributed.broadcast_text(folder)))


class _Pace:
    """Called, it says how many images a second there were since it was called last."""

    def __init__(self, batches: Batches, images: int):
        self.batches = batches
        self.images = images
        self.since = time.monotonic()
        self.position = batches.position

    def __call__(self) -> float:
        now, drawn = time.monotonic(), self.batches.position - self.position
        seconds = max(1e-9, now - self.since)
        self.since = now
        self.position = self.batches.position
        return drawn * self.images / seconds


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
