"""What a run shows and leaves behind while it trains: numbers, pictures, its state. For the main process.

A disk that is full, or gone for a while, stops none of it: what could not be written is told once, and tried again.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from PIL.Image import Image

from ganzoo import diagnosis
from ganzoo.config.recipe import Recipe
from ganzoo.errors import DataError, RunError, SetupError
from ganzoo.interfaces import Panel
from ganzoo.metrics import best
from ganzoo.metrics.evaluator import Evaluator, weights
from ganzoo.registry.discovery import Plugins
from ganzoo.runs import provenance, scores, status
from ganzoo.runs.resume import Start
from ganzoo.sampling.run import Run
from ganzoo.terminal.progress import Display
from ganzoo.training.attempts import Attempts
from ganzoo.training.session import Session
from ganzoo.training.snapshots import Snapshots
from ganzoo.training.trackers import Trackers
from ganzoo.utils import atomic, distributed, rng
from ganzoo.visualization import loss_plot


class Recorder:
    """A `with` block around training; inside it, told of every step that is logged or drawn."""

    def __init__(
        self, run: Run, recipe: Recipe, plugins: Plugins, trainee: Session, evaluator: Evaluator | None = None
    ):
        self.run = run
        self.recipe = recipe
        self.plugins = plugins
        self.session = trainee
        self.dataset = trainee.dataset
        self.drawing = Snapshots(recipe, trainee)
        self.steps = trainee.steps
        self._try = Attempts(self.say)
        self.sizes = {player: sum(p.numel() for p in owned) for player, owned in trainee.engine.parameters.items()}
        self.device = trainee.engine.accelerator.device
        self.evaluator = evaluator
        self._open = ExitStack()
        self._told = set[str]()
        self._beat_at = 0.0

    def __enter__(self) -> Recorder:
        self.trackers = self._open.enter_context(Trackers(self.recipe, self.run))
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def begin(self, t: int, start: Start | None, remarks: Sequence[str]) -> None:
        """Everything in the run folder that is there before the first step, and a word to whoever watches.

        remarks: what is different from the run so far, so that bits may differ.
        Errors: DataError for other data than the run started with, SetupError when nothing can be written.
        """
        self.display = self._open.enter_context(Display(self.steps, t))
        sizes = ", ".join(f"{player} {size:,}" for player, size in self.sizes.items())
        self.say(
            f"{self.run.folder}\n{len(self.dataset):,} examples of {self.dataset.spec.shape}; {sizes}; "
            f"on {self.device} x {distributed.world_size()}"
        )
        for word in [*(start.why if start else ()), *(f"resumed, but not bit for bit: {one}" for one in remarks)]:
            self.say(word)
        for remark in self.dataset.remarks():
            self.say(remark)
        facts = provenance.gather(self.plugins, self.device, self._fingerprint())
        try:
            if start:
                facts = self._went_on(facts, start, t, remarks)
                atomic.sweep(self.run.folder)
                atomic.sweep(self.run.samples)
                self.run.forget_after(t)
            self.run.write_provenance(facts)
        except OSError as error:
            raise SetupError(f"{self.run.folder} cannot be written: {error}. Make room, or use --out.") from error
        if start:
            self.session.write_resolved(self.run)
        if self.evaluator:
            self.evaluator.prepare()
        if not start:
            self._save("real.png", self.drawing.real(), self.run.samples / "real.png")
            self._draw(t, self.drawing.pictures())
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
        pictures = self.drawing.pictures() if drawn else {}
        if drawn:
            values = {**values, **self.drawing.numbers(pictures)}
        row = {**values, "images_per_second": round(images_per_second, 1)}
        self._try("metrics.jsonl", lambda: self.run.metrics_log.append(t, row))
        self._status("running", t)
        self.display.update(t, values, images_per_second)
        self.trackers(values, t)
        self._watch("ganzoo_step_end", t=t, logs=MappingProxyType(dict(values)))
        return not drawn or self._draw(t, pictures)

    def evaluate(self, t: int) -> bool:
        """The scores of step t; True when it is the best so far, and its checkpoint worth keeping.

        A metric that fails now costs its scores, not the run.
        """
        assert self.evaluator
        earlier = self.run.scores()
        try:
            with self.drawing.averaged():
                results = self.evaluator(self.drawing.model.sample, t, weights(self.drawing.ema is not None))
        except Exception as error:
            self.say(f"step {t} could not be judged: {type(error).__name__}: {error}")
            return False
        self._try("scores.jsonl", lambda: scores.append(self.run.folder / "scores.jsonl", results))
        for name, why in self.evaluator.left_out.items():
            self._once(name, f"{name} is left out: {why}")
        for one in results:
            floor = "" if one.floor is None else f"  (real samples: {one.floor:.4g})"
            self.say(f"step {t}  {one.name} {one.value:.4g}{floor}")
        self.trackers.scores(t, {one.name: one.value for one in results})
        decisive = best.deciding(results, self.recipe.evaluate.best)
        return decisive is not None and best.is_best(decisive, earlier)

    def keep_best(self, t: int) -> None:
        """The checkpoint of step t is the best so far: it stays."""
        self._try("checkpoints/best", lambda: self.run.mark_best(t))

    def _draw(self, t: int, pictures: Mapping[str, Panel | Image]) -> bool:
        """The pictures of step t as files, and the curves so far; False when a sample is not a finite number."""
        if not all(picture.samples.isfinite().all() for picture in pictures.values() if isinstance(picture, Panel)):
            return False
        for name, picture in pictures.items():
            path = self.run.samples / ("-".join([*([name] if name else []), "step", f"{t:08d}"]) + ".png")
            self._save("a picture" if name else "a grid", picture, path, beside=not name)
        if (main := self.run.samples / f"step-{t:08d}.png").is_file():
            self.display.picture(main)
            self.trackers.picture(main, t)
        rows = [*self.run.metrics()]
        self._try("losses.png", lambda: loss_plot.draw(rows, self.run.folder / "losses.png"))
        self._diagnose(rows)
        return True

    def _save(self, what: str, picture: Panel | Image, path: Path, beside: bool = False) -> None:
        self._try(what, lambda: self.drawing.save(picture, path, beside))

    def _diagnose(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Say what goes wrong, each thing once."""
        for finding in diagnosis.examine(rows, self.run.scores(), self.recipe.resolved()):
            self._once(finding.name, str(finding))

    def _once(self, name: str, text: str) -> None:
        if name not in self._told:
            self._told.add(name)
            self.say(text)

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
        self._try("diverged.json", lambda: atomic.write_json(self.run.folder / "diverged.json", facts))

    def end(self, state: str, t: int, error: str = "") -> None:
        """How it ended: finished, interrupted, diverged or failed."""
        self._status(state, t, **({"error": error} if error else {}))
        if state == "diverged":
            self._diagnose([*self.run.metrics()])
        self._watch("ganzoo_run_end")

    def _fingerprint(self) -> str:
        with self.drawing.reading():
            return self.dataset.fingerprint()

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

    def _watch(self, hook: str, **more: Any) -> None:
        """Call every plugin's hook; one that raises is named, and the run goes on as if it had not been called."""
        for name, call in self.plugins.callers(hook):
            try:
                with rng.preserve_rng(), torch.enable_grad():
                    call(run=self.run, **more)
            except (Exception, SystemExit) as error:
                self.say(f"plugin {name} failed in {hook}: {type(error).__name__}: {error}")


class NullRecorder(Recorder):
    """A recorder that does nothing: what processes other than the main one have, so that no caller asks for one."""

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

    def alive(self, t: int) -> None:
        pass

    def report(self, t: int, values: Mapping[str, float], images_per_second: float, drawn: bool) -> bool:
        return True

    def evaluate(self, t: int) -> bool:
        return True

    def keep_best(self, t: int) -> None:
        pass

    def saved(self, t: int, failure: OSError | None) -> None:
        pass

    def skipped(self, t: int, skipped: Mapping[str, int], moved: Mapping[str, int]) -> None:
        pass

    def went_back(self, t: int, step: int, what: str) -> None:
        pass

    def diverged(self, facts: Mapping[str, Any]) -> None:
        pass

    def end(self, state: str, t: int, error: str = "") -> None:
        pass
