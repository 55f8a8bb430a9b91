"""The training loop: steps, and when to log, check, sample, save and evaluate."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, nullcontext
from pathlib import Path

import torch
from accelerate import Accelerator

from ganzoo.config.recipe import Recipe
from ganzoo.data.loader import Batches
from ganzoo.errors import DivergedError, GanzooError, Interrupted, SetupError, describe, out_of_memory
from ganzoo.metrics.evaluator import Evaluator
from ganzoo.objects import absent
from ganzoo.registry.discovery import Plugins
from ganzoo.runs import provenance, retention, status
from ganzoo.runs.resume import Start, at, check_classes
from ganzoo.sampling.run import Run
from ganzoo.terminal.output import echo
from ganzoo.terminal.progress import waiting
from ganzoo.training import agreement, device, trackers
from ganzoo.training.checkpointer import Checkpointer
from ganzoo.training.initial_weights import trained_weights
from ganzoo.training.nonfinite import NonFiniteError
from ganzoo.training.recorder import NullRecorder, Recorder
from ganzoo.training.rollback import Rollback
from ganzoo.training.session import Session
from ganzoo.training.stopping import Stopping
from ganzoo.training.threads import Threads
from ganzoo.utils import distributed, lock, rng
from ganzoo.utils.memory_format import refused_view
from ganzoo.utils.signals import StopFlag, ending_at_once

_TRAINING = threading.Lock()
NO_LOCKS = "this file system has no locks: see to it that only one process trains in this run folder"
LESS_MEMORY = (
    "Use a smaller run.batch_size, smaller images or narrower networks; `ganzoo check RECIPE` tells how much memory "
    "they take. What was saved is there."
)
ENDINGS: dict[type, str] = {DivergedError: "diverged", Interrupted: "interrupted"}


def train(recipe: Recipe, plugins: Plugins, out: Path, resume: Run | Start | None = None) -> Run:
    """Train a recipe in a new run folder, or continue a run.

    Args:
        recipe: What to train.
        plugins: The loaded plugins; their hooks are called.
        out: The folder in which a new run folder is created.
        resume: A run to continue from its newest checkpoint, or the checkpoint to start from.

    Returns:
        The finished run.

    Raises:
        GanzooError: A subclass says what happened: IncompatibleError, DataError, DivergedError, Interrupted, ...
    """
    began_at = time.monotonic()
    absent.require(recipe.components())
    trackers.find(recipe.run.trackers)  # before the data is read and a folder made
    start = at(resume) if isinstance(resume, Run) else resume
    with alone_in_this_process(), ending_at_once(), _determinism(recipe.run.deterministic), ExitStack() as stack:
        accelerator = device.accelerator(recipe.run)
        threads = stack.enter_context(Threads(recipe.run, accelerator.device))
        locked = True
        if start and distributed.is_main():
            locked = stack.enter_context(lock.held(start.run.folder, status.owner(start.run.folder)))
            if not locked:
                status.check_ended(start.run.folder)
        with waiting("reading the data and building the networks") if distributed.is_main() else nullcontext():
            training = _Training(recipe, plugins, accelerator, threads, out, start, began_at)
        if not start and distributed.is_main():
            locked = stack.enter_context(lock.held(training.run.folder, "this one"))
        if not locked:
            echo(NO_LOCKS, err=True)
        training.run_to_the_end()
        return training.run


class _Training:
    """State of one training run, in each of its processes."""

    def __init__(
        self,
        recipe: Recipe,
        plugins: Plugins,
        accelerator: Accelerator,
        threads: Threads,
        out: Path,
        start: Start | None,
        began_at: float,
    ):
        self.settings = recipe.run
        self.device = accelerator.device
        self.threads = threads
        self.start = start
        self.began_at = began_at
        packages = plugins.versions(recipe.owners())
        alike = {"the packages": provenance.versions() | packages, "the start": agreement.describe_start(start)}
        weights = None if start else trained_weights(recipe.run, plugins)
        self.session = Session(recipe, accelerator, start=weights, alike=alike)
        if start:
            check_classes(start.run, self.session.dataset.class_names)
        self.evaluate_every = recipe.evaluate.every
        self.gave_up = False  # training ended early, because no score was better for `evaluate.patience` evaluations
        evaluator = None
        if self.evaluate_every:  # in each process, so that all of them stop when it cannot be built
            dataset, conditional = self.session.dataset, self.session.procedure.conditional
            evaluator = Evaluator(recipe, dataset, plugins.zoo, conditional)
        self.steps = self.session.steps
        self.run = Run(start.run.folder) if start else self._new_run(recipe, out)
        self.run.plugins = plugins
        self.recorder = (
            Recorder(self.run, recipe, plugins, self.session, threads, evaluator, self._stops_at())
            if distributed.is_main()
            else NullRecorder()
        )
        self.checkpointer = Checkpointer(self.run, self.settings, self.session, self.recorder, packages)
        step, remarks = self.checkpointer.start(start.checkpoint, threads.number) if start else (0, [])
        if step > self.steps:
            raise GanzooError(
                f"{self.run.folder} is at step {step} already, beyond run.steps={self.steps}: there is nothing to "
                "train. Give more steps, or resume from an earlier checkpoint."
            )
        self.t = step
        self.remarks = remarks

    def _stops_at(self) -> float | None:
        return self.began_at + self.settings.max_time.total_seconds() if self.settings.max_time else None

    def run_to_the_end(self) -> None:
        limit = self.settings.max_time.total_seconds() if self.settings.max_time else None
        with self.recorder, closing(self.session.batches), StopFlag() as flag:
            try:
                self.recorder.begin(self.t, self.start, self.remarks)
                self._loop(Stopping(flag, self.device, limit, self.began_at))
            except GanzooError as error:
                self.recorder.end(ENDINGS.get(type(error), "failed"), self.t, error.message)
                raise
            except KeyboardInterrupt:
                self.recorder.end("interrupted", self.t, "stopped at once, by a second Ctrl-C")
                saved = retention.complete(self.run.checkpoints)
                command = status.resume_command(self.run.folder)
                rest = f"Go on from {saved[-1].name}: {command}" if saved else "Nothing is saved."
                raise KeyboardInterrupt(f"stopped immediately, after step {self.t}. {rest}") from None
            except BaseException as error:  # a component may raise anything
                known: GanzooError | None = out_of_memory(error, LESS_MEMORY)
                if self.settings.channels_last:
                    known = known or refused_view(error)
                self.recorder.end("failed", self.t, known.message if known else describe(error))
                if known:
                    raise known from error
                raise
            self.recorder.end("finished", self.t, ended=self.recorder.standstill(self.t) if self.gave_up else "")

    def _loop(self, stopping: Stopping) -> None:
        speed = _Speed(self.session.batches, self.settings.batch_size * distributed.world_size())
        rollback = Rollback(self.checkpointer)
        self._catch_up()
        while self.t < self.steps and not self.gave_up:
            self.session.engine.watched = self._is_logged(self.t + 1)
            with self.threads.timed():
                self.session.step(self.t)
            self.t += 1
            self.recorder.heartbeat(self.t)
            if news := self.threads.news():
                self.recorder.say(f"step {self.t}: {news}")
            reason = ""
            try:
                self._after_step(speed)
                if not self.gave_up and (reason := stopping.reason(self.recorder.asked_to_stop)):
                    self.checkpointer.save(self.t, True)
                    self.recorder.last_grid(self.t)
            except NonFiniteError as error:
                self.t = rollback(error, self.t)
            if reason:
                raise Interrupted(
                    f"stopped by {reason} after step {self.t} of {self.steps}; everything is saved. "
                    f"Go on with: {status.resume_command(self.run.folder)}"
                )

    def _after_step(self, speed: _Speed) -> None:
        """Log, sample, save and evaluate, each if it is due.

        Args:
            speed: Gives the speed to log.

        Raises:
            NonFiniteError: A value is NaN or infinite.
        """
        finite = True
        if self._is_logged(self.t):
            self.checkpointer.check(self.t)
            values = self.session.engine.read()
            finite = self.recorder.report(self.t, values, speed(), self._is_sampled(self.t))
        if self._is_sampled(self.t) and not self.checkpointer.all_agree(finite):
            raise NonFiniteError("a generated sample is not a finite number", {"noticed_at_step": self.t})
        if self.settings.snapshots and self._is_due(self.settings.snapshots, self.t):
            self.checkpointer.save_averages(self.t)
        if self._is_due(self.settings.save, self.t):
            self.checkpointer.save(self.t, self.t == self.steps)
        if self.evaluate_every and self._is_due(self.evaluate_every, self.t):
            self._evaluate()

    def _catch_up(self) -> None:
        """Do what a resumed run would have done at its first step, had its process not been killed there."""
        if not self.start or not self.evaluate_every or not self._is_due(self.evaluate_every, self.t):
            return
        if not self.checkpointer.all_agree(self.recorder.is_evaluated(self.t)):
            self._evaluate()
        elif not self.checkpointer.all_agree(self.recorder.was_finished):
            self._give_up_if_needed()

    def _evaluate(self) -> None:
        """Compute scores, keep a checkpoint if they are the best so far, and end training if none was for too long."""
        self.checkpointer.check(self.t)
        if self.checkpointer.all_agree(self.recorder.evaluate(self.t)):
            self.checkpointer.save(self.t, self.t == self.steps)
            if self.checkpointer.saved_at == self.t:
                self.recorder.keep_best(self.t)
        self._give_up_if_needed()

    def _give_up_if_needed(self) -> None:
        self.gave_up = not self.checkpointer.all_agree(not self.recorder.standstill(self.t))
        if self.gave_up:
            self.checkpointer.save(self.t, True)
            self.recorder.last_grid(self.t)

    def _is_due(self, every: int, t: int) -> bool:
        return t == self.steps or t % every == 0

    def _is_sampled(self, t: int) -> bool:
        return t == self.steps or self.settings.is_sampled(t)

    def _is_logged(self, t: int) -> bool:
        """Return True when step t is logged: at the interval of the recipe, and with every sample grid."""
        return self._is_due(self.settings.log, t) or self._is_sampled(t)

    def _new_run(self, recipe: Recipe, out: Path) -> Run:
        """Create a run folder in the main process, and return it in every process."""
        folder = ""
        if distributed.is_main():
            run = Run.create(recipe, out)
            self.session.write_resolved(run)
            folder = str(run.folder)
        return Run(Path(distributed.broadcast_text(folder)))


class _Speed:
    """Images per second of all processes since the previous call."""

    def __init__(self, batches: Batches, images_per_batch: int):
        self.batches = batches
        self.images_per_batch = images_per_batch
        self.since = time.monotonic()
        self.position = batches.position

    def __call__(self) -> float:
        now, batches_read = time.monotonic(), self.batches.position - self.position
        seconds = max(1e-9, now - self.since)
        self.since = now
        self.position = self.batches.position
        return batches_read * self.images_per_batch / seconds


@contextmanager
def alone_in_this_process() -> Iterator[None]:
    """Refuse another training inside the block, in this thread too, and evaluations in other threads.

    Raises:
        SetupError: Another training is running.
    """
    if not _TRAINING.acquire(blocking=False):
        raise SetupError(rng.SHARED)
    try:
        with rng.owned(training=True):
            yield
    finally:
        _TRAINING.release()


@contextmanager
def _determinism(enabled: bool) -> Iterator[None]:
    """Use deterministic algorithms inside the block; cuBLAS needs its workspace fixed beforehand."""
    if not enabled:  # setting it, even to its present value, imports the compiler: two seconds
        yield
        return
    before = torch.are_deterministic_algorithms_enabled()
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)
