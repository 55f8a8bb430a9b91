"""What is trained: data, networks, optimizers and averages of one recipe, and one step of them."""

from __future__ import annotations

from accelerate import Accelerator
from accelerate.utils import set_seed

from ganzoo import build, memory
from ganzoo.data import Batches
from ganzoo.ema import Ema
from ganzoo.engine import Engine
from ganzoo.rates import Rates
from ganzoo.recipe import Recipe


class Trainee:
    """Everything is drawn from the recipe's seed, and each process draws training noise of its own.

    Errors: GanzooError for what cannot be trained, before anything large is built.
    """

    def __init__(self, recipe: Recipe, accelerator: Accelerator):
        settings, rank = recipe.run, accelerator.process_index
        self.dataset = build.dataset(recipe)
        memory.check(recipe, self.dataset, accelerator.device)
        self.batches = Batches(
            self.dataset,
            settings.batch_size,
            settings.seed,
            accelerator.device,
            rank,
            accelerator.num_processes,
            settings.workers,
            settings.balance,
        )
        self.procedure = build.procedure(recipe, self.dataset.spec)
        build.check_fit(self.procedure, self.dataset.spec)
        build.check_batch(self.procedure, settings.batch_size)
        if settings.compile:
            build.compile_networks(self.procedure)
        skip, optimizers = settings.on_nonfinite == "skip", build.optimizers(recipe.optimizer)
        self.engine = Engine(self.procedure, optimizers, accelerator, settings.clip, skip)
        self.ema = Ema(self.procedure, settings.ema) if settings.ema else None
        self.rates = Rates(recipe.schedule, self.engine.optimizers)
        self.steps = settings.steps or self._steps(settings.epochs or 1)
        set_seed(settings.seed + rank)

    def step(self, t: int) -> None:
        """Step t of `steps`, counted from 0."""
        self.rates.set(t, self.steps)
        self.engine.step(self.batches, t)
        if self.ema:
            self.ema.update()

    def _steps(self, epochs: float) -> int:
        return max(1, round(epochs * self.batches.per_epoch / self.procedure.batches_per_step))
