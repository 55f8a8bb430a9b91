"""Data, networks, optimizers and averaged weights of one recipe, and one training step of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import set_seed

from ganzoo import translator
from ganzoo.config import instantiate
from ganzoo.config.recipe import Recipe
from ganzoo.data.loader import Batches
from ganzoo.errors import SetupError
from ganzoo.interfaces import Dataset
from ganzoo.procedure import Procedure
from ganzoo.runs import retention, status
from ganzoo.runs.folder import RunFolder
from ganzoo.sampling.standing_statistics import StandingStatistics
from ganzoo.sharing.trained_weights import TrainedWeights
from ganzoo.training import agreement, memory, optim
from ganzoo.training.ema import Ema
from ganzoo.training.engine import Engine
from ganzoo.training.initial_weights import InitialWeights
from ganzoo.training.optim import OptimizerFactory
from ganzoo.training.schedules import Schedules
from ganzoo.utils import distributed
from ganzoo.utils.meta import meta_device


class Session:
    """Everything that one recipe trains. All processes have the same initial weights, and each its own noise.

    Args:
        recipe: The recipe; all random numbers come from its seed.
        accelerator: Device and precision.
        dataset: Trained on instead of the recipe's, to measure; None for the recipe's.
        start: Weights of `run.start`; None to start with random ones, and where a checkpoint is loaded later.
        alike: What else has to be the same in every process, by name; see agreement.require().

    Raises:
        GanzooError: The recipe cannot be trained; raised before anything large is built.
    """

    def __init__(
        self,
        recipe: Recipe,
        accelerator: Accelerator,
        dataset: Dataset | None = None,
        start: TrainedWeights | None = None,
        alike: Mapping[str, Any] | None = None,
    ):
        self.recipe = recipe
        settings = recipe.run
        rank = distributed.rank()
        optimizers = optim.optimizer_factory(recipe.optimizer)
        self.dataset = instantiate.dataset(recipe) if dataset is None else dataset
        check_memory(recipe, self.dataset, optimizers, accelerator.device)
        self.batches = Batches.of(
            self.dataset,
            settings.batch_size,
            settings.seed,
            accelerator.device,
            rank,
            distributed.world_size(),
            settings.workers,
            settings.balance,
        )
        self.procedure = instantiate.procedure(recipe, self.dataset.spec)
        instantiate.check_fit(self.procedure, self.dataset.spec)
        translator.check_data(self.procedure, self.dataset)
        instantiate.check_batch(self.procedure, settings.batch_size)
        self.initial_weights = InitialWeights(start, recipe, self.dataset, self.procedure) if start else None
        if self.initial_weights:
            self.initial_weights.load()
        if settings.compile:
            instantiate.compile_networks(self.procedure)
        agreement.require(recipe, self.dataset, self.procedure, alike or {}, accelerator.device)
        skip = settings.on_nonfinite == "skip"
        self.engine = Engine(self.procedure, optimizers, accelerator, settings.clip, skip)
        standing = StandingStatistics(self.procedure, self.dataset, settings.batch_size, settings.balance)
        self.schedules = Schedules(recipe.schedule, recipe.optimizer, self.engine.optimizers, self.procedure.changing)
        self.steps = settings.steps or self._steps(settings.epochs or 1)
        self.ema = self._averages(standing)
        set_seed(settings.seed + rank)

    def step(self, t: int) -> None:
        """Train one step.

        Args:
            t: Number of steps done, from 0.
        """
        self.schedules.set(t, self.steps)
        self.engine.step(self.batches, t)
        self.ema.update()

    def write_resolved(self, run: RunFolder) -> None:
        """Write resolved.json: when a run is created, and again when it is resumed with other settings.

        Args:
            run: The run folder.

        Raises:
            SetupError: The file cannot be written.
        """
        data = self.dataset
        try:
            run.write_resolved(self.recipe, data.spec, list(data.class_names), list(data.words), self.steps)
        except OSError as error:
            raise unwritable(run, error) from error

    def _averages(self, standing: StandingStatistics) -> Ema:
        """Return the average that grids and samples use, which holds all others."""
        rules = {
            name: average.rule(self.recipe.half_lives.get(name), self.steps)
            for name, average in self.recipe.run.every_average().items()
        }
        others = {name: Ema(self.procedure, rule, standing) for name, rule in rules.items() if name}
        return Ema(self.procedure, rules.get("", 0.0), standing, others)

    def _steps(self, epochs: float) -> int:
        return max(1, round(epochs * self.batches.per_epoch / self.procedure.batches_per_step))


def unwritable(run: RunFolder, error: OSError) -> SetupError:
    """Return the error for a run folder that cannot be written, with what to do."""
    other = "." if retention.complete(run.checkpoints) else ", or use another folder with --out."
    return SetupError(
        f"{run.folder} cannot be written: {error}. Make room, then {status.how_to_go_on(run.folder)}{other}"
    )


def check_memory(recipe: Recipe, dataset: Dataset, optimizers: OptimizerFactory, device: torch.device) -> None:
    """Check that there is enough memory, before any of it is allocated.

    Networks that cannot be built on the meta device are not checked, because their size is unknown.

    Args:
        recipe: The recipe.
        dataset: Its dataset; nothing is loaded.
        optimizers: Builds a player's optimizer.
        device: Device to train on.

    Raises:
        IncompatibleError: The machine or its GPU has less memory than the recipe needs.
    """
    try:
        with meta_device():
            procedure = instantiate.procedure(recipe, dataset.spec)
    except Exception:
        return  # building it on the real device reports what is wrong, if anything is
    memory.compare(memory_need(recipe, dataset, procedure, optimizers), device)


def memory_need(recipe: Recipe, dataset: Dataset, procedure: Procedure, optimizers: OptimizerFactory) -> memory.Need:
    """Return a lower bound of the memory that training a recipe needs.

    Args:
        recipe: The recipe.
        dataset: Its dataset; nothing is loaded.
        procedure: Its procedure on the meta device.
        optimizers: Builds a player's optimizer.

    Returns:
        The bound.
    """
    settings = recipe.run
    return memory.need(
        dataset, procedure, optimizers, settings.batch_size, settings.precision, averages=len(settings.every_average())
    )
