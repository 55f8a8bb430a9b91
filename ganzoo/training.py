"""The loop: seed, data, steps, and when to log, draw and save."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import broadcast_object_list
from torch.optim import Optimizer

from ganzoo import build, checkpoint, curves, device, grid, preview, provenance, state
from ganzoo.console import Display
from ganzoo.data import Batches
from ganzoo.discovery import Plugins
from ganzoo.ema import Ema
from ganzoo.engine import Engine
from ganzoo.errors import Diverged, GanzooError, Interrupted
from ganzoo.interfaces import Batch, Schedule
from ganzoo.procedure import Procedure
from ganzoo.recipe import Recipe
from ganzoo.run import Run
from ganzoo.signals import StopFlag
from ganzoo.trackers import Trackers


def train(recipe: Recipe, plugins: Plugins, out: Path, resume: Run | None = None) -> Run:
    """Train a recipe into a new folder below `out`, or go on with a run from its newest checkpoint.

    Errors: GanzooError of the kind that says what happened: Misfit, DataError, Diverged, Interrupted, ...
    """
    with _determinism(recipe.run.deterministic):
        session = _Session(recipe, plugins, device.accelerator(recipe.run), out, resume)
        return session.run_to_the_end()


class _Session:
    """Everything that one training run holds in memory."""

    def __init__(self, recipe: Recipe, plugins: Plugins, accelerator: Accelerator, out: Path, resume: Run | None):
        self.recipe, self.plugins, self.accelerator = recipe, plugins, accelerator
        settings, self.main = recipe.run, accelerator.is_main_process
        self.dataset = build.dataset(recipe)
        self.spec = self.dataset.spec
        self.batches = Batches(
            self.dataset,
            settings.batch_size,
            settings.seed,
            accelerator.device,
            accelerator.process_index,
            accelerator.num_processes,
            settings.workers,
        )
        self.procedure = build.procedure(recipe, self.spec)
        build.check_fit(self.procedure, self.spec)
        if settings.compile:
            build.check_compile(self.procedure)
            for network in [module for modules in self.procedure.players().values() for module in modules]:
                network.compile()
        self.engine = Engine(self.procedure, build.optimizers(recipe.optimizer), accelerator, settings.clip)
        self.ema = Ema(self.procedure, settings.ema) if settings.ema else None
        self.rates = _Rates(recipe, self.engine)
        self.steps = settings.steps or _steps(settings.epochs or 1, self.batches, self.procedure)
        torch.manual_seed(settings.seed + accelerator.process_index)  # each process draws noise of its own
        self.t, self.remarks = 0, list[str]()
        self.run = resume or Run(Path(self._shared(str(Run.create(recipe, out).folder) if self.main else "")))
        if resume:
            self.t, self.remarks = state.restore(checkpoint.read(resume.latest), self.engine, self.ema, self.batches)
        self.saved_at = self.t if resume else -1

    def run_to_the_end(self) -> Run:
        if self.main:
            self._prepare_folder()
        try:
            with self._display() as self.display, StopFlag() as stop, Trackers(self.recipe, self.run, self.main) as log:
                self._introduce()
                self._watch("ganzoo_run_start")
                self._loop(stop, log)
            self._status("finished")
        except GanzooError as error:
            endings: dict[type, str] = {Diverged: "diverged", Interrupted: "interrupted"}
            self._status(endings.get(type(error), "failed"), error=error.message)
            raise
        except (Exception, KeyboardInterrupt) as error:
            self._status("failed", error=f"{type(error).__name__}: {error}")
            raise
        finally:
            self._watch("ganzoo_run_end")
        return self.run

    def _loop(self, stop: StopFlag, log: Trackers) -> None:
        settings = self.recipe.run
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
                self._report(images / max(1e-9, time.monotonic() - since), log)
                since, drawn = time.monotonic(), self.batches.position
            if last or self.t % settings.sample == 0:
                self._draw()
            if last or self.t % settings.save == 0:
                self._save()
            if self._told(stop):
                self._save()
                raise Interrupted(
                    f"stopped by {stop.signal or 'another process'} after step {self.t} of {self.steps}; everything is "
                    f"saved. Go on with: ganzoo resume {self.run.folder}"
                )

    def _report(self, images_per_second: float, log: Trackers) -> None:
        values = self.engine.read()
        bad = [name for name, value in values.items() if not math.isfinite(value)]
        if bad:
            raise self._diverged(f"{bad[0]} is {values[bad[0]]}")
        if not self.main:
            return
        self.run.append_metrics(self.t, {**values, "images_per_second": round(images_per_second, 1)})
        self.run.write_status("running", self.t, steps=self.steps)
        self.display.update(self.t, values, images_per_second)
        log(values, self.t)
        self._watch("ganzoo_step_end", t=self.t, logs=values)

    def _draw(self) -> None:
        """The grid of the same noise as ever, and the curves so far."""
        if not self.main:
            return
        by_class = self.procedure.conditional
        n, columns = preview.layout(self.spec, by_class)
        shown = {key: value.to(self.accelerator.device) for key, value in self._real(n, by_class).items()}
        averaged = self.ema.swapped_in() if self.ema else nullcontext()
        with averaged, preview.sampling(self.procedure, self.accelerator.device, self.recipe.run.seed):
            samples = self.procedure.preview(shown)
        if not torch.isfinite(samples).all():
            raise self._diverged("a generated sample is not a finite number")
        grid.save(samples, self.run.samples / f"step-{self.t:08d}.png", columns)
        curves.draw(self.run.metrics(), self.run.folder / "losses.png")

    def _real(self, n: int, by_class: bool) -> Batch:
        batch = preview.real(self.dataset, n, by_class)
        if by_class:
            batch["y"] = preview.classes_in_turn(n, self.spec.classes, torch.device("cpu"))
        return batch

    def _save(self) -> None:
        if self.t == self.saved_at:
            return
        for name, parameter in self.procedure.named_parameters():
            if not torch.isfinite(parameter).all():
                raise self._diverged(f"the weight {name} is no longer finite")
        mine = state.capture(self.engine, self.ema, self.batches, self.t)
        checkpoint.write(
            self.run.checkpoints,
            self.t,
            mine,
            keep=self.recipe.run.keep,
            main=self.main,
            wait=self.accelerator.wait_for_everyone,
        )
        self.saved_at = self.t

    def _prepare_folder(self) -> None:
        """Everything in the run folder that is there before the first step."""
        self.run.write_resolved(self.recipe, self.spec, list(self.dataset.class_names), self.steps)
        if self.saved_at >= 0:
            self.run.forget_after(self.t)
            return
        facts = provenance.gather(self.plugins, self.accelerator.device, self.dataset.fingerprint())
        self.run.write_provenance(facts)
        n, columns = preview.layout(self.spec, self.procedure.conditional)
        grid.save(
            preview.real(self.dataset, n, self.procedure.conditional)["x"], self.run.samples / "real.png", columns
        )
        self._draw()

    def _introduce(self) -> None:
        counts = ", ".join(
            f"{player} {sum(p.numel() for p in owned):,}" for player, owned in self.engine.parameters.items()
        )
        where = f"{self.accelerator.device} x {self.accelerator.num_processes}"
        self.display.say(
            f"{self.run.folder}\n{len(self.dataset):,} examples of {self.spec.shape}; {counts}; on {where}"
        )
        if self.saved_at >= 0:
            self.display.say(f"going on from {self.run.latest.name}")
        for remark in self.remarks:
            self.display.say(f"resumed, but not bit for bit: {remark}")

    def _told(self, stop: StopFlag) -> bool:
        """True on every process as soon as one was told to stop."""
        if self.accelerator.num_processes == 1:
            return bool(stop)
        flag = torch.tensor(float(bool(stop)), device=self.accelerator.device)
        return bool(self.accelerator.reduce(flag, "sum").item())

    def _watch(self, hook: str, **more: Any) -> None:
        """Call every plugin's hook; one that raises is named and the run goes on."""
        if not self.main:
            return
        for name, call in self.plugins.callers(hook):
            try:
                call(run=self.run, **more)
            except Exception as error:
                self.display.say(f"plugin {name} failed in {hook}: {type(error).__name__}: {error}")

    def _diverged(self, what: str) -> Diverged:
        kept = (
            f"The last good checkpoint is {self.run.latest}." if self.saved_at > 0 else "No checkpoint was saved yet."
        )
        return Diverged(f"diverged at step {self.t}: {what}. {kept} Try a smaller learning rate or run.clip=1.0.")

    def _status(self, ending: str, **more: Any) -> None:
        if self.main:
            self.run.write_status(ending, self.t, steps=self.steps, **more)

    def _display(self) -> Display:
        return Display(self.steps, self.t, quiet=not self.main)

    def _shared(self, text: str) -> str:
        """The main process's text, on every process."""
        return broadcast_object_list([text])[0]


class _Rates:
    """Sets each optimizer's learning rates by its schedule."""

    def __init__(self, recipe: Recipe, engine: Engine):
        self.plan: list[tuple[Optimizer, list[float], Schedule]] = []
        if recipe.schedule:
            for player, optimizer in engine.optimizers.items():
                initial = [group["lr"] for group in optimizer.param_groups]
                self.plan.append((optimizer, initial, recipe.schedule.of(player)()))

    def set(self, t: int, steps: int) -> None:
        for optimizer, initial, schedule in self.plan:
            factor = schedule(t, steps)
            for group, rate in zip(optimizer.param_groups, initial, strict=True):
                group["lr"] = rate * factor


def _steps(epochs: float, batches: Batches, procedure: Procedure) -> int:
    return max(1, round(epochs * batches.per_epoch / procedure.batches_per_step))


@contextmanager
def _determinism(wanted: bool) -> Iterator[None]:
    """Deterministic algorithms inside the block; cuBLAS wants its workspace fixed beforehand."""
    before = torch.are_deterministic_algorithms_enabled()
    if wanted:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)
