"""What a run shows and leaves behind while it trains: numbers, pictures, its state. For the main process.

A disk that is full, or gone for a while, stops none of it: what could not be written is told once, and tried again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from datetime import UTC, datetime
from functools import cached_property
from types import MappingProxyType
from typing import Any

import torch
from accelerate.utils import set_seed
from PIL.Image import Image
from torch import Tensor

from ganzoo import curves, diagnosis, files, grid, preview, provenance, randomness, status, symptoms, text
from ganzoo.console import Display
from ganzoo.discovery import Plugins
from ganzoo.errors import DataError, EnvironmentProblem, RunError
from ganzoo.interfaces import Batch, Panel
from ganzoo.metrics import best, score
from ganzoo.metrics.evaluator import Evaluator, weights
from ganzoo.model import Model
from ganzoo.recipe import Recipe
from ganzoo.resuming import Start
from ganzoo.run import Run
from ganzoo.trackers import Trackers
from ganzoo.trainee import Trainee


class Recorder:
    """A `with` block around training; inside it, told of every step that is logged or drawn."""

    def __init__(
        self, run: Run, recipe: Recipe, plugins: Plugins, trainee: Trainee, evaluator: Evaluator | None = None
    ):
        self.run, self.recipe, self.plugins, self.dataset = run, recipe, plugins, trainee.dataset
        self.procedure, self.ema, self.steps = trainee.procedure, trainee.ema, trainee.steps
        self.sizes = {player: sum(p.numel() for p in owned) for player, owned in trainee.engine.parameters.items()}
        accelerator = trainee.engine.accelerator
        self.device, self.processes = accelerator.device, accelerator.num_processes
        self.evaluator = evaluator
        self._open, self._failing, self._found, self._beat_at = ExitStack(), set[str](), set[str](), 0.0

    def __enter__(self) -> Recorder:
        self.trackers = self._open.enter_context(Trackers(self.recipe, self.run))
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def begin(self, t: int, start: Start | None, remarks: Sequence[str]) -> None:
        """Everything in the run folder that is there before the first step, and a word to whoever watches.

        remarks: what is different from the run so far, so that bits may differ.
        Errors: DataError for other data than the run started with, EnvironmentProblem when nothing can be written.
        """
        self.display = self._open.enter_context(Display(self.steps, t))
        sizes = ", ".join(f"{player} {size:,}" for player, size in self.sizes.items())
        self.say(
            f"{self.run.folder}\n{len(self.dataset):,} examples of {self.dataset.spec.shape}; {sizes}; "
            f"on {self.device} x {self.processes}"
        )
        for word in [*(start.why if start else ()), *(f"resumed, but not bit for bit: {one}" for one in remarks)]:
            self.say(word)
        for remark in self.dataset.remarks():
            self.say(remark)
        facts = provenance.gather(self.plugins, self.device, self._fingerprint())
        try:
            if start:
                facts = self._went_on(facts, start, t, remarks)
                files.sweep(self.run.folder)
                files.sweep(self.run.samples)
                self.run.forget_after(t)
            self.run.write_provenance(facts)
            names, words = list(self.dataset.class_names), list(self.dataset.words)
            self.run.write_resolved(self.recipe, self.dataset.spec, names, words, self.steps)
        except OSError as error:
            raise EnvironmentProblem(
                f"{self.run.folder} cannot be written: {error}. Make room, or use --out."
            ) from error
        if self.evaluator:
            self.evaluator.prepare()
        if not start:
            self._show("real", Panel(self._shown, self._columns), "real.png")
            self._draw(t, self._pictures())
        self._status("running", t)
        self._watch("ganzoo_run_start")

    def say(self, text: str) -> None:
        self.display.say(text)

    def alive(self, t: int) -> None:
        """A sign of life in status.json, now and then."""
        if time.monotonic() - self._beat_at > status.HEARTBEAT:
            self._status("running", t)

    def report(self, t: int, values: Mapping[str, float], images_per_second: float, drawn: bool) -> bool:
        """The numbers of step t, and the grid if it is `drawn`; False when a sample is not a finite number."""
        pictures = self._pictures() if drawn else {}
        if drawn:
            values = {**values, **self._measured(), **self._diversity(pictures[""])}
        row = {**values, "images_per_second": round(images_per_second, 1)}
        self._try("metrics.jsonl", lambda: self.run.journal.append(t, row))
        self._status("running", t)
        self.display.update(t, values, images_per_second)
        self.trackers(values, t)
        self._watch("ganzoo_step_end", t=t, logs=MappingProxyType(dict(values)))
        return not drawn or self._draw(t, pictures)

    def _measured(self) -> dict[str, float]:
        """What the data can tell of samples from the same noise as ever, by name."""
        n, classes = self.dataset.measured, self.dataset.spec.classes
        if not n:
            return {}
        y = preview.classes_in_turn(n, classes, self.device) if self.procedure.conditional else None
        with self._sampling():
            samples = self.procedure.sample(n, y).cpu()
        return {f"data/{name}": value for name, value in self.dataset.measure(samples).items()}

    def evaluate(self, t: int) -> bool:
        """The scores of step t; True when it is the best so far, and its checkpoint worth keeping.

        A metric that fails now costs its scores, not the run.
        """
        assert self.evaluator
        earlier = self.run.scores()
        try:
            with self._averaged():
                scores = self.evaluator(self._model.sample, t, weights(self.ema is not None))
        except Exception as error:
            self.say(f"step {t} could not be judged: {type(error).__name__}: {error}")
            return False
        self._try("scores.jsonl", lambda: score.append(self.run.folder / "scores.jsonl", scores))
        for one in scores:
            floor = "" if one.floor is None else f"  (real samples: {one.floor:.4g})"
            self.say(f"step {t}  {one.name} {one.value:.4g}{floor}")
        self.trackers({f"score/{one.name}": one.value for one in scores}, t)
        decisive = best.deciding(scores, self.recipe.evaluate.best)
        return decisive is not None and best.is_best(decisive, earlier)

    def keep_best(self, t: int) -> None:
        """The checkpoint of step t is the best so far: it stays."""
        self._try("checkpoints/best", lambda: self.run.mark_best(t))

    def _diversity(self, picture: Panel | Image) -> dict[str, float]:
        """How different the samples of a grid are, where each stands for a real one; nothing for other pictures."""
        if not isinstance(picture, Panel) or picture.samples.shape != self._shown.shape:
            return {}
        classes = self.dataset.spec.classes if self.procedure.conditional else 0
        found = symptoms.diversity(picture.samples, self._shown, classes)
        return {} if found is None else {"samples/diversity": found}

    def _pictures(self) -> dict[str, Panel | Image]:
        """The grid of the same noise as ever, and by their names what the procedure shows beside it."""
        with self._sampling():
            batch = {key: value.to(self.device) for key, value in self._asked.items()}
            drawn = self.procedure.preview(batch)
            main = drawn if isinstance(drawn, Panel) else Panel(drawn, self._columns)
            return {"": main, **self.procedure.panels(batch)}

    def _draw(self, t: int, pictures: Mapping[str, Panel | Image]) -> bool:
        """The pictures of step t as files, and the curves so far; False when a sample is not a finite number."""
        if not all(picture.samples.isfinite().all() for picture in pictures.values() if isinstance(picture, Panel)):
            return False
        for name, picture in pictures.items():
            self._show("-".join([*([name] if name else []), "step", f"{t:08d}"]), picture, beside=not name)
        if (main := self.run.samples / f"step-{t:08d}.png").is_file():
            self.display.picture(main)
            self.trackers.picture(main, t)
        self._try("losses.png", lambda: curves.draw(self.run.metrics(), self.run.folder / "losses.png"))
        self._diagnose()
        return True

    def _diagnose(self) -> None:
        """Say what goes wrong, each thing once."""
        for finding in diagnosis.examine(self.run.metrics(), self.run.scores(), self.recipe.resolved()):
            if finding.name not in self._found:
                self._found.add(finding.name)
                self.say(str(finding))

    def _show(self, name: str, picture: Panel | Image, what: str = "a grid", beside: bool = False) -> None:
        """A file below samples/: a text where samples are token ids, else a PNG, with real samples beside it."""
        path = self.run.samples / f"{name}.png"
        if not isinstance(picture, Panel):
            self._try("a picture", lambda: files.write(path, grid.to_png(picture)))
        elif self.dataset.spec.vocab and not picture.samples.is_floating_point():
            self._try(what, lambda: text.save(picture.samples, self.dataset.words, path.with_suffix(".txt")))
        else:
            left = self._shown if beside and self.recipe.run.beside else None
            self._try(what, lambda: grid.save(picture.samples, path, picture.columns, left))

    def saved(self, t: int, failure: OSError | None) -> None:
        """The checkpoint of step t was written, or could not be."""

        def outcome() -> None:
            if failure:
                raise failure

        self._try(f"the checkpoint of step {t}", outcome, "checkpoint")

    def skipped(self, t: int, skipped: Mapping[str, int], moved: Mapping[str, int]) -> None:
        """How many moves of each player were left out since this was told last."""
        for player, moves in skipped.items():
            self.say(f"step {t}: skipped {moves} of {moved[player]} moves of {player}: its gradient was not finite")

    def went_back(self, t: int, step: int, what: str) -> None:
        """From step t to an earlier one."""
        self.say(f"step {t}: {what}. Back to step {step}, with other noise and batches than the first time.")
        self._try("metrics.jsonl", lambda: self.run.forget_after(step))

    def diverged(self, facts: Mapping[str, Any]) -> None:
        """diverged.json: what is not finite, where, since when."""
        self._try("diverged.json", lambda: files.write_json(self.run.folder / "diverged.json", facts))

    def end(self, state: str, t: int, error: str = "") -> None:
        """How it ended: finished, interrupted, diverged or failed."""
        self._status(state, t, **({"error": error} if error else {}))
        if state == "diverged":
            self._diagnose()
        self._watch("ganzoo_run_end")

    def _fingerprint(self) -> str:
        with self._reading():
            return self.dataset.fingerprint()

    def _averaged(self) -> AbstractContextManager[None]:
        """Averaged weights inside the block, where there are any."""
        return self.ema.swapped_in() if self.ema else nullcontext()

    @property
    def _model(self) -> Model:
        data = self.dataset
        return Model(self.procedure, data.spec, data.class_names, data.words, self.recipe)

    @contextmanager
    def _sampling(self) -> Iterator[None]:
        """Averaged weights where there are any, and the same noise as ever."""
        with self._averaged(), preview.sampling(self.procedure, self.device, self.recipe.run.seed):
            yield

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Examples that are drawn anew each time they are read are drawn alike here, and not from training's noise."""
        with randomness.left_alone():
            set_seed(self.recipe.run.seed)
            yield

    def _went_on(self, facts: dict[str, Any], start: Start, t: int, remarks: Sequence[str]) -> dict[str, Any]:
        """What the run was begun with, and that it went on here."""
        try:
            begun = self.run.provenance
        except RunError:
            return facts  # ended before it was written
        before, now = begun.get("dataset_fingerprint"), facts["dataset_fingerprint"]
        if before != now and not start.other_data:
            raise DataError(
                f"the data is not what {self.run.folder.name} started with: its fingerprint was {before}, is {now}. "
                "Put the old data back, or go on with the new by --allow-data-change."
            )
        went_on = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "step": t, "differences": list(remarks)}
        if before != now:
            went_on["dataset_fingerprint_before"] = before
        return {**begun, "dataset_fingerprint": now, "resumed": [*begun.get("resumed", []), went_on]}

    def _status(self, state: str, t: int, **more: Any) -> None:
        self._beat_at = time.monotonic()
        self._try("status.json", lambda: self.run.write_status(state, t, steps=self.steps, **more))

    def _try(self, what: str, write: Callable[[], Any], name: str = "") -> None:
        """Training goes on whether a file can be written or not; that it cannot is told once, and that it can again."""
        name = name or what
        try:
            write()
        except OSError as error:
            if name not in self._failing:
                self._failing.add(name)
                self.say(f"{what} could not be written: {error}. Training goes on, and tries again at the next one.")
        else:
            if name in self._failing:
                self._failing.discard(name)
                self.say(f"{what} could be written again.")

    @cached_property
    def _real(self) -> Batch:
        """The real samples of real.png."""
        count, _ = preview.layout(self.dataset.spec, self.procedure.conditional)
        with self._reading():
            return preview.real(self.dataset, count, self.procedure.conditional)

    @property
    def _shown(self) -> Tensor:
        """What the dataset holds, for the eye: of pairs, what the inputs should become."""
        return self._real["x" if "x" in self._real else "b"]

    @cached_property
    def _asked(self) -> Batch:
        """What the grid is drawn for: those samples, and a column for each class, whichever of them occur."""
        if not self.procedure.conditional:
            return self._real
        count, classes = len(self._shown), self.dataset.spec.classes
        return {**self._real, "y": preview.classes_in_turn(count, classes, torch.device("cpu"))}

    @property
    def _columns(self) -> int:
        return preview.layout(self.dataset.spec, self.procedure.conditional)[1]

    def _watch(self, hook: str, **more: Any) -> None:
        """Call every plugin's hook; one that raises is named, and the run goes on as if it had not been called."""
        for name, call in self.plugins.callers(hook):
            try:
                with randomness.left_alone(), torch.enable_grad():
                    call(run=self.run, **more)
            except (Exception, SystemExit) as error:
                self.say(f"plugin {name} failed in {hook}: {type(error).__name__}: {error}")
