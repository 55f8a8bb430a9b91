"""Output of a training run: metrics, sample grids, loss plot, status, trackers and plugin hooks.

A full or missing disk never stops training: a file that cannot be written is reported once and tried again the next
time it is due.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from PIL.Image import Image

from ganzoo import diagnosis
from ganzoo.config.recipe import Recipe
from ganzoo.data.inspection import absent_classes, narrow_range
from ganzoo.errors import DataError, RunError, one_line
from ganzoo.hookspecs import Stop
from ganzoo.interfaces import Panel
from ganzoo.metrics import best
from ganzoo.metrics.evaluator import Evaluator, weights
from ganzoo.objects import absent
from ganzoo.registry.discovery import Plugins
from ganzoo.runs import layout, metrics_log, provenance, scores, status
from ganzoo.runs.resume import Start
from ganzoo.sampling import preview
from ganzoo.sampling.run import Run
from ganzoo.terminal.progress import ProgressDisplay
from ganzoo.training import device, forecast, shorten
from ganzoo.training.session import Session, unwritable
from ganzoo.training.snapshots import Snapshots
from ganzoo.training.threads import Threads
from ganzoo.training.trackers import Trackers
from ganzoo.utils import atomic, distributed, output, rng
from ganzoo.utils.isolation import Isolated
from ganzoo.visualization import loss_plot


class Attempts:
    """Attempts to write files during training: an OSError is reported instead of raised.

    The first failure of a file is reported, and the first success after it.

    Args:
        say: Shows a line of text to the user.
    """

    def __init__(self, say: Callable[[str], None]):
        self.say = say
        self._failing = set[str]()

    def __call__(self, subject: str, write: Callable[[], Any], key: str = "") -> None:
        """Try to write a file.

        Args:
            subject: The file, as messages name it.
            write: Writes it, or raises OSError.
            key: Identifies the file where `subject` differs from time to time.
        """
        key = key or subject
        try:
            write()
        except OSError as error:
            if key not in self._failing:
                self._failing.add(key)
                self.say(f"{subject} could not be written: {error}. Training goes on, and tries again at the next one.")
        else:
            if key in self._failing:
                self._failing.discard(key)
                self.say(f"{subject} could be written again.")


class Recorder:
    """Writes the files of a run and shows its progress; a context manager around training.

    Only the main process has one. The others have a NullRecorder.

    Args:
        run: The run folder.
        recipe: What is trained.
        plugins: Their hooks are called.
        session: Networks and data of the run.
        threads: The number of CPU threads.
        evaluator: Computes scores; None without `evaluate.every`.
        stops_at: Value of time.monotonic() from which `run.max_time` stops the run; None without a limit.

    Attributes:
        asked_to_stop: The first plugin that asked the run to stop, and its reason; "" for none.
        was_finished: Whether the run had finished before it was resumed.
    """

    def __init__(
        self,
        run: Run,
        recipe: Recipe,
        plugins: Plugins,
        session: Session,
        threads: Threads,
        evaluator: Evaluator | None = None,
        stops_at: float | None = None,
    ):
        self.run = run
        self.recipe = recipe
        self.plugins = plugins
        self.session = session
        self.threads = threads
        self.dataset = session.dataset
        self.snapshots = Snapshots(recipe, session)
        self.steps = session.steps
        self.device = session.engine.accelerator.device
        self.evaluator = evaluator
        self.sizes = {
            player: sum(p.numel() for p in parameters) for player, parameters in session.engine.parameters.items()
        }
        self._try = Attempts(self.say)
        self._open = ExitStack()
        self._reported = set[str]()
        self._heartbeat_at = 0.0
        self._seconds_before = 0.0
        self._training_since = time.monotonic()
        self._stopwatch = forecast.stopwatch(recipe, self.steps, self.device)
        self._said_time = False
        self._stops_at = stops_at
        self.asked_to_stop = ""
        self.was_finished = False

    def __enter__(self) -> Recorder:
        self.trackers = self._open.enter_context(Trackers(self.recipe, self.run))
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def begin(self, t: int, start: Start | None, remarks: Sequence[str]) -> None:
        """Write everything that is in the run folder before the first step, and introduce the run to the user.

        Args:
            t: Number of steps done.
            start: Where the run continues; None for a new run.
            remarks: Differences to the run so far, because of which results may differ in the last bits.

        Raises:
            DataError: The data is not that with which the run began.
            SetupError: The folder cannot be written.
        """
        self.display = self._open.enter_context(ProgressDisplay(self.steps, t))
        self._open.enter_context(self.display.keep_moving())
        with self.display.activity("preparing"):
            self._begin(t, start, remarks)

    def _begin(self, t: int, start: Start | None, remarks: Sequence[str]) -> None:
        sizes = ", ".join(f"{player} {size:,}" for player, size in self.sizes.items())
        examples = "example" if len(self.dataset) == 1 else "examples"
        self.say(
            f"{self.run.folder}\n{len(self.dataset):,} {examples} of {self.dataset.spec.shape}; {sizes}; "
            f"on {self.device} x {distributed.world_size()}"
        )
        reasons = [*(start.why if start else ()), *(f"resumed, but not bit for bit: {remark}" for remark in remarks)]
        grids = preview.remark(self.dataset.spec, self.session.procedure.conditional)
        own = [device.slow_precision(self.recipe.run.precision, self.device), self.threads.remark, grids]
        data = [*self.dataset.remarks(), *narrow_range(self.dataset, whole=True), *absent_classes(self.dataset)]
        initial = self.session.initial_weights
        for line in [*reasons, *([initial.report()] if initial else []), *data, *filter(None, own)]:
            self.say(line)
        facts = provenance.gather(self.plugins, self.device, self.threads.number, self._fingerprint())
        if initial:
            facts["start"] = initial.facts()
        if of_python := absent.described(self.recipe.components()):
            facts["given_in_python"] = of_python
        try:
            if start:
                self.was_finished = status.report(self.run.folder).state == "finished"
                facts = self._resumed_provenance(facts, start, t, remarks)
                atomic.remove_leftovers(self.run.folder)
                atomic.remove_leftovers(self.run.samples)
                self.run.forget_after(t)
            self.run.write_provenance(facts)
        except OSError as error:
            raise unwritable(self.run, error) from error
        if start:
            self.session.write_resolved(self.run)
        if self.evaluator:
            self.evaluator.prepare()
        self._seconds_before = max((row.get(metrics_log.SECONDS) or 0.0 for row in self.run.metrics()), default=0.0)
        self._training_since = time.monotonic()
        if not start:
            self._save(layout.REAL, self.snapshots.real(), self.run.samples / layout.REAL)
            with self.timed(forecast.GRIDS):
                self._save_pictures(t, self.snapshots.pictures())
        self._write_status("running", t)
        self._call_hooks("ganzoo_run_start")

    def say(self, text: str) -> None:
        """Show a line of text to the user."""
        self.display.say(text)

    def heartbeat(self, t: int) -> None:
        """Note the end of a step: renew the time stamp in the status file, and say how long training will take.

        Args:
            t: Number of steps done.
        """
        self.display.step(t)
        was_unknown = self._seconds_left() is None
        news = self._stopwatch.news(t) if self.threads.settled else None
        is_known_now = was_unknown and self._seconds_left() is not None
        if is_known_now or time.monotonic() - self._heartbeat_at > status.HEARTBEAT:
            self._write_status("running", t)
        if left := news:
            self.say(f"step {t}: about {left}" if self._said_time else f"about {left}")
            accelerator = self.session.engine.accelerator
            if not self._said_time and (ways := shorten.ways(self.recipe, self.dataset.spec, left, accelerator)):
                self.say(f"for a training of an hour: {ways}")
            self._said_time = True

    def timed(self, occasion: str) -> AbstractContextManager[None]:
        """Measure the time of grids, a checkpoint or scores inside the block, for the forecast, and show what it is."""
        return self._timed(occasion)

    @contextmanager
    def _timed(self, occasion: str) -> Iterator[None]:
        with self.display.activity(occasion), self._stopwatch.timed(occasion):
            yield

    def last_grid(self, t: int) -> None:
        """Draw the grid of step t, after which training stops, unless it was drawn."""
        if not [*self.run.samples.glob(f"step-{t:08d}.*")]:
            with self.display.activity(forecast.GRIDS):
                self._save_pictures(t, self.snapshots.pictures())

    def report(self, t: int, values: Mapping[str, float], images_per_second: float, with_grid: bool) -> bool:
        """Record a logged step.

        Args:
            t: Number of steps done.
            values: Losses and other logged values, by name.
            images_per_second: Speed since the last logged step.
            with_grid: Whether a sample grid is due as well.

        Returns:
            False when a sample of the grid is NaN or infinite.
        """
        with self.timed(forecast.GRIDS) if with_grid else nullcontext():
            return self._report(t, values, images_per_second, with_grid)

    def _report(self, t: int, values: Mapping[str, float], images_per_second: float, with_grid: bool) -> bool:
        pictures = self.snapshots.pictures() if with_grid else {}
        if with_grid:
            values = {**values, **self.snapshots.numbers(pictures)}
        row = {**values, "images_per_second": round(images_per_second, 1)}
        row[metrics_log.SECONDS] = round(self._seconds_before + time.monotonic() - self._training_since, 2)
        if self.threads.measuring:
            row["threads"] = self.threads.policy.chosen
        self._try(layout.METRICS, lambda: self.run.metrics_log.append(t, row))
        self._write_status("running", t)
        self.display.update(t, values, images_per_second)
        self.trackers(values, t)
        self._call_hooks("ganzoo_step_end", t=t, logs=MappingProxyType(dict(values)))
        return not with_grid or self._save_pictures(t, pictures)

    def evaluate(self, t: int) -> bool:
        """Compute and record the scores of a step; a metric that raises costs its scores, not the run.

        Args:
            t: Number of steps done.

        Returns:
            True when the scores are the best so far, so that the checkpoint should be kept.
        """
        assert self.evaluator
        earlier = self.run.scores()
        with Isolated() as isolated, self.timed(forecast.SCORES), self.snapshots.averaged():
            results = self.evaluator(self.snapshots.model.sample, t, weights(bool(self.snapshots.ema.average)))
        if isolated.error:
            self.say(f"step {t} could not be judged: {isolated.failure}")
            return False
        self._try(layout.SCORES, lambda: scores.append(self.run.folder / layout.SCORES, results))
        for name, reason in self.evaluator.left_out.items():
            self._say_once(name, f"{name} is left out: {reason}")
        for score in results:
            floor = "" if score.floor is None else f"  (real samples: {score.floor:.4g})"
            self.say(f"step {t}  {score.name} {score.value:.4g}{floor}")
        self.trackers.scores(t, {score.name: score.value for score in results})
        deciding = scores.deciding(results, self.recipe.evaluate.best)
        return deciding is not None and best.is_best(deciding, earlier)

    def is_evaluated(self, t: int) -> bool:
        """Return True when there are scores of step t."""
        return any(score.step == t for score in self.run.scores())

    def standstill(self, t: int) -> str:
        """Return why training ends with step t, by `evaluate.patience`; "" to continue, or at the last step anyway."""
        settings = self.recipe.evaluate
        if settings.patience is None or settings.every is None or t == self.steps:
            return ""
        standing = best.standing(self.run.scores(), settings.best, settings.every, t)
        if standing is None or standing.since < settings.patience:
            return ""
        evaluations = "1 evaluation" if standing.since == 1 else f"{standing.since} evaluations"
        return (
            f"ended early: no {standing.best.name} of {evaluations} is better than "
            f"{standing.best.value:.4g} at step {standing.best.step:,} (evaluate.patience={settings.patience})"
        )

    def keep_best(self, t: int) -> None:
        """Mark the checkpoint of step t as the best so far."""
        self._try(f"{layout.CHECKPOINTS}/{layout.BEST}", lambda: self.run.mark_best(t))

    def saved(self, t: int, failure: OSError | None) -> None:
        """Report that the checkpoint of step t could not be written, or could be written again.

        Args:
            t: Number of steps done.
            failure: The error; None when the checkpoint was written.
        """

        def outcome() -> None:
            if failure:
                raise failure

        self._try(f"the checkpoint of step {t}", outcome, "checkpoint")

    def skipped(self, t: int, skipped: Mapping[str, int], moved: Mapping[str, int]) -> None:
        """Report the moves that were left out since the last check.

        Args:
            t: Number of steps done.
            skipped: Player -> moves left out; only players with some.
            moved: Player -> all its moves, with those left out.
        """
        for player, moves in skipped.items():
            self.say(f"step {t}: skipped {moves} of {moved[player]} moves of {player}: its gradient was not finite")

    def rolled_back(self, t: int, step: int, reason: str) -> None:
        """Report a rollback from step t to an earlier step, and remove the logged values after that step."""
        self.say(f"step {t}: {reason}. Back to step {step}, with other noise and batches than the first time.")
        self._try(layout.METRICS, lambda: self.run.forget_after(step))

    def diverged(self, facts: Mapping[str, Any]) -> None:
        """Write diverged.json: the values that are not finite, their place and first step."""
        self._try(layout.DIVERGED, lambda: atomic.write_json(self.run.folder / layout.DIVERGED, facts))

    def end(self, state: str, t: int, error: str = "", ended: str = "") -> None:
        """Record the end of the run.

        Args:
            state: "finished", "interrupted", "diverged" or "failed".
            t: Number of steps done.
            error: The message of the error that ended the run.
            ended: Why a finished run ended before its last step.
        """
        if ended:
            more = f"evaluate.patience={2 * (self.recipe.evaluate.patience or 1)}"
            self.say(f"step {t}: {ended}. Train on: ganzoo resume {self.run.folder} {more}")
        self._write_status(state, t, **({"error": error} if error else {}), **({"ended": ended} if ended else {}))
        if state == "diverged":
            self._diagnose([*self.run.metrics()])
        self._call_hooks("ganzoo_run_end")

    def _save_pictures(self, t: int, pictures: Mapping[str, Panel | Image]) -> bool:
        """Write the pictures of step t and the loss plot; False when a sample is NaN or infinite."""
        if not all(picture.samples.isfinite().all() for picture in pictures.values() if isinstance(picture, Panel)):
            return False
        for name, picture in pictures.items():
            path = self.run.samples / ("-".join([*([name] if name else []), "step", f"{t:08d}"]) + ".png")
            self._save("a picture" if name else "a grid", picture, path, with_real=not name)
        if (grid := self.run.samples / f"step-{t:08d}.png").is_file():
            self.display.picture(grid)
            self.trackers.picture(grid, t)
        rows = [*self.run.metrics()]
        self._try(layout.LOSSES, lambda: loss_plot.draw(rows, self.run.folder / layout.LOSSES))
        self._diagnose(rows)
        return True

    def _save(self, subject: str, picture: Panel | Image, path: Path, with_real: bool = False) -> None:
        self._try(subject, lambda: self.snapshots.save(picture, path, with_real))

    def _diagnose(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Report each problem that the logged values show, once."""
        for finding in diagnosis.examine(rows, self.run.scores(), self.recipe.resolved()):
            self._say_once(finding.name, str(finding))

    def _say_once(self, name: str, text: str) -> None:
        if name not in self._reported:
            self._reported.add(name)
            self.say(text)

    def _fingerprint(self) -> str:
        with self.snapshots.fixed_reading():
            return self.dataset.fingerprint()

    def _resumed_provenance(
        self, facts: dict[str, Any], start: Start, t: int, remarks: Sequence[str]
    ) -> dict[str, Any]:
        """Return the provenance with which the run began, and a note that it was resumed here."""
        try:
            original = self.run.provenance
        except RunError as error:
            self._set_provenance_aside(error.message)
            return facts
        before, now = original.get("dataset_fingerprint"), facts["dataset_fingerprint"]
        if before != now and not start.other_data:
            raise DataError(
                f"the data is not what {self.run.folder.name} started with: its fingerprint was {before}, is {now}. "
                "Put the old data back, go on with the new by --allow-data-change (in Python, other_data=True), or "
                f"begin a new run with its weights: run.start={self.run.folder}"
            )
        note = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "step": t, "differences": list(remarks)}
        if before != now:
            note["dataset_fingerprint_before"] = before
        earlier = original.get("resumed")
        notes = [*(earlier if isinstance(earlier, list) else []), note]
        return {**original, "dataset_fingerprint": now, "resumed": notes}

    def _set_provenance_aside(self, reason: str) -> None:
        """Keep a provenance.json that cannot be read under another name, and say so; none is there when a run died."""
        path = self.run.folder / layout.PROVENANCE
        if os.path.lexists(path):
            aside = output.unused(path.with_name(f"damaged-{path.name}"))
            path.rename(aside)
            self.say(f"{reason}. It is kept as {aside.name}. Whether the data is what the run began with is unknown.")

    def _write_status(self, state: str, t: int, **more: Any) -> None:
        self._heartbeat_at = time.monotonic()
        if state == "running" and (left := self._seconds_left()) is not None:
            more["ends"] = status.time_in(left)
            self.display.expect_end(left)
        self._try(layout.STATUS, lambda: self.run.write_status(state, t, steps=self.steps, **more))

    def _seconds_left(self) -> float | None:
        """Return the expected seconds until training ends or `run.max_time` stops it; None when unknown."""
        left = self._stopwatch.seconds_left()
        if left is None or self._stops_at is None:
            return left
        return min(left, max(0.0, self._stops_at - time.monotonic()))

    def _call_hooks(self, hook: str, **more: Any) -> None:
        """Call every plugin's hook. A plugin that raises, or changes settings of PyTorch, is reported.

        Neither random state nor any setting stays as it leaves them. The first ganzoo.Stop that one returns is kept.
        """
        for name, call in self.plugins.callers(hook):
            reasons: list[str] = []
            with rng.preserve_rng(), Isolated() as isolated:
                answers = call(run=self.run, **more)
                reasons += [one_line(str(answer.reason)) for answer in answers if isinstance(answer, Stop)]
            if reasons and not self.asked_to_stop:
                self.asked_to_stop = f"plugin {name} ({reasons[0]})"
            for line in isolated.complaints(f"plugin {name}", f"in {hook}"):
                self.say(line)


class NullRecorder(Recorder):
    """A recorder that does nothing, for processes other than the main one."""

    asked_to_stop = ""
    was_finished = True

    def __init__(self) -> None:
        pass

    def __enter__(self) -> NullRecorder:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def begin(self, t: int, start: Start | None, remarks: Sequence[str]) -> None:
        pass

    def say(self, text: str) -> None:
        pass

    def heartbeat(self, t: int) -> None:
        pass

    def timed(self, occasion: str) -> AbstractContextManager[None]:
        return nullcontext()

    def last_grid(self, t: int) -> None:
        pass

    def report(self, t: int, values: Mapping[str, float], images_per_second: float, with_grid: bool) -> bool:
        return True

    def evaluate(self, t: int) -> bool:
        return True

    def is_evaluated(self, t: int) -> bool:
        return True

    def standstill(self, t: int) -> str:
        return ""

    def keep_best(self, t: int) -> None:
        pass

    def saved(self, t: int, failure: OSError | None) -> None:
        pass

    def skipped(self, t: int, skipped: Mapping[str, int], moved: Mapping[str, int]) -> None:
        pass

    def rolled_back(self, t: int, step: int, reason: str) -> None:
        pass

    def diverged(self, facts: Mapping[str, Any]) -> None:
        pass

    def end(self, state: str, t: int, error: str = "", ended: str = "") -> None:
        pass
