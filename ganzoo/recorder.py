"""What a run shows and leaves behind while it trains: numbers, pictures, its state. For the main process."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack, nullcontext
from functools import cached_property
from typing import Any

import torch

from ganzoo import curves, grid, preview, provenance
from ganzoo.console import Display
from ganzoo.discovery import Plugins
from ganzoo.ema import Ema
from ganzoo.engine import Engine
from ganzoo.interfaces import Batch, Dataset
from ganzoo.recipe import Recipe
from ganzoo.run import Run
from ganzoo.trackers import Trackers


class Recorder:
    """A `with` block around training; inside it, told of every step that is logged or drawn."""

    def __init__(
        self, run: Run, recipe: Recipe, plugins: Plugins, dataset: Dataset, engine: Engine, ema: Ema | None, steps: int
    ):
        self.run, self.recipe, self.plugins, self.dataset = run, recipe, plugins, dataset
        self.procedure, self.device, self.ema, self.steps = engine.procedure, engine.accelerator.device, ema, steps
        self.sizes = {player: sum(p.numel() for p in owned) for player, owned in engine.parameters.items()}
        self.processes = engine.accelerator.num_processes
        self._open = ExitStack()

    def __enter__(self) -> Recorder:
        self.trackers = self._open.enter_context(Trackers(self.recipe, self.run))
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def begin(self, t: int, remarks: list[str], resumed: bool) -> None:
        """Everything in the run folder that is there before the first step, and a word to whoever watches."""
        self.display = self._open.enter_context(Display(self.steps, t))
        self.run.write_resolved(self.recipe, self.dataset.spec, list(self.dataset.class_names), self.steps)
        sizes = ", ".join(f"{player} {size:,}" for player, size in self.sizes.items())
        self.display.say(
            f"{self.run.folder}\n{len(self.dataset):,} examples of {self.dataset.spec.shape}; {sizes}; "
            f"on {self.device} x {self.processes}"
        )
        if resumed:
            self.run.forget_after(t)
            self.display.say(f"going on from {self.run.latest.name}")
            for remark in remarks:
                self.display.say(f"resumed, but not bit for bit: {remark}")
        else:
            self.run.write_provenance(provenance.gather(self.plugins, self.device, self.dataset.fingerprint()))
            grid.save(self._real["x"], self.run.samples / "real.png", self._columns)
            self.draw(t)
        self._watch("ganzoo_run_start")

    def report(self, t: int, values: Mapping[str, float], images_per_second: float) -> None:
        """The numbers of step t."""
        self.run.append_metrics(t, {**values, "images_per_second": round(images_per_second, 1)})
        self.run.write_status("running", t, steps=self.steps)
        self.display.update(t, values, images_per_second)
        self.trackers(values, t)
        self._watch("ganzoo_step_end", t=t, logs=values)

    def draw(self, t: int) -> bool:
        """The grid of the same noise as ever, and the curves so far. False when a sample is not a finite number."""
        averaged = self.ema.swapped_in() if self.ema else nullcontext()
        with averaged, preview.sampling(self.procedure, self.device, self.recipe.run.seed):
            samples = self.procedure.preview({key: value.to(self.device) for key, value in self._asked.items()})
        if not torch.isfinite(samples).all():
            return False
        grid.save(samples, self.run.samples / f"step-{t:08d}.png", self._columns)
        curves.draw(self.run.metrics(), self.run.folder / "losses.png")
        return True

    def end(self, state: str, t: int, error: str = "") -> None:
        """How it ended: finished, interrupted, diverged or failed."""
        self.run.write_status(state, t, steps=self.steps, **({"error": error} if error else {}))
        self._watch("ganzoo_run_end")

    @cached_property
    def _real(self) -> Batch:
        """The real samples of real.png."""
        count, _ = preview.layout(self.dataset.spec, self.procedure.conditional)
        return preview.real(self.dataset, count, self.procedure.conditional)

    @cached_property
    def _asked(self) -> Batch:
        """What the grid is drawn for: those samples, and a column for each class, whichever of them occur."""
        if not self.procedure.conditional:
            return self._real
        count, classes = len(self._real["x"]), self.dataset.spec.classes
        return {**self._real, "y": preview.classes_in_turn(count, classes, torch.device("cpu"))}

    @property
    def _columns(self) -> int:
        return preview.layout(self.dataset.spec, self.procedure.conditional)[1]

    def _watch(self, hook: str, **more: Any) -> None:
        """Call every plugin's hook; one that raises is named, and the run goes on."""
        for name, call in self.plugins.callers(hook):
            try:
                call(run=self.run, **more)
            except Exception as error:
                self.display.say(f"plugin {name} failed in {hook}: {type(error).__name__}: {error}")
