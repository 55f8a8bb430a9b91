"""What is trained: data, networks, optimizers and averages of one recipe, and one step of them."""

from __future__ import annotations

from accelerate import Accelerator
from accelerate.utils import set_seed

from ganzoo.config import instantiate
from ganzoo.config.recipe import Recipe
from ganzoo.data.loader import Batches
from ganzoo.training import memory, optim
from ganzoo.training.ema import Ema
from ganzoo.training.engine import Engine
from ganzoo.training.lr_scheduler import LRScheduler


class Session:
    """Everything is drawn from the recipe's seed, and each process draws training noise of its own.

    Errors: GanzooError for what cannot be trained, before anything large is built.
    """

    def __init__(self, recipe: Recipe, accelerator: Accelerator):
        settings, rank = recipe.run, accelerator.process_index
        self.dataset = instantiate.dataset(recipe)
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
        self.procedure = instantiate.procedure(recipe, self.dataset.spec)
        instantiate.check_fit(self.procedure, self.dataset.spec)
        instantiate.check_batch(self.procedure, settings.batch_size)
        if settings.compile:
            instantiate.compile_networks(self.procedure)
        skip, optimizers = settings.on_nonfinite == "skip", optim.optimizer_factory(recipe.optimizer)
        self.engine = Engine(self.procedure, optimizers, accelerator, settings.clip, skip)
        self.ema = Ema(self.procedure, settings.ema) if settings.ema else None
        self.rates = LRScheduler(recipe.schedule, self.engine.optimizers)
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
