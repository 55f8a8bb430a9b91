"""A recipe and everything made of it, small enough to be trained for a few steps within a check."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from torch import Tensor

from ganzoo.config import instantiate
from ganzoo.config.recipe import Recipe
from ganzoo.data.loader import Batches
from ganzoo.errors import IncompatibleError
from ganzoo.interfaces import Dataset, Spec
from ganzoo.procedure import Procedure
from ganzoo.sampling import preview
from ganzoo.training import optim
from ganzoo.training.engine import Engine, owned

CPU = torch.device("cpu")


def on_the_cpu() -> Accelerator:
    AcceleratorState._reset_state()
    return Accelerator(cpu=True)


@dataclass
class Example:
    """Everything is built anew each time it is asked for, from a seed, but `once_trained`, which nobody may change."""

    recipe: Recipe

    def __post_init__(self) -> None:
        self.dataset: Dataset = instantiate.dataset(self.recipe)
        self.spec: Spec = self.dataset.spec

    def procedure(self, seed: int = 0) -> Procedure:
        settings = self.recipe.run.model_copy(update={"seed": seed})
        return instantiate.procedure(replace(self.recipe, run=settings), self.spec)

    def engine(self, procedure: Procedure) -> Engine:
        return Engine(procedure, optim.optimizer_factory(self.recipe.optimizer), on_the_cpu())

    def batches(self) -> Batches:
        return Batches(self.dataset, self.recipe.run.batch_size, 0, CPU)

    def trained(self, steps: int = 3) -> Procedure:
        procedure = self.procedure()
        engine, batches = self.engine(procedure), self.batches()
        for t in range(steps):
            engine.step(batches, t)
        return procedure

    @cached_property
    def once_trained(self) -> Procedure:
        return self.trained()

    @cached_property
    def orphans(self) -> str:
        """Why no engine takes it: a trainable parameter of nobody, a player of none. "" where all is well."""
        try:
            owned(self.procedure())
        except IncompatibleError as refusal:
            return refusal.message
        return ""

    @cached_property
    def unfit(self) -> str:
        """Why no run takes it: its samples are not like the data. "" where all is well."""
        try:
            instantiate.check_fit(self.procedure(), self.spec)
        except IncompatibleError as refusal:
            return refusal.message
        return ""

    def sample(self, procedure: Procedure, n: int, seed: int = 0, y: Tensor | None = None) -> Tensor:
        """(n, *shape) in evaluation mode, of labels y (n,), or of classes in turn where it is asked for classes."""
        if procedure.conditional and y is None:
            y = preview.classes_in_turn(n, self.spec.classes, CPU)
        with preview.sampling(procedure, CPU, seed):
            return procedure.sample(n, y)
