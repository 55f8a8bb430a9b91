"""The smallest example there is of each registered procedure, for walks over the registry.

It is made of small registered parts, as the constructor asks for them; where that does not do, it is a recipe of the
library, made small.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from ganzoo import Dataset, GanzooError, Procedure, Spec, build, library, preview, resolve
from ganzoo.blueprint import Blueprint
from ganzoo.data import Batches
from ganzoo.engine import Engine
from ganzoo.recipe import Recipe
from ganzoo.registry import Entry, Zoo
from support import PLUGINS, accelerator, save_noise

PROCEDURES = [entry for entry in PLUGINS.zoo.entries("procedure") if entry.owner == "ganzoo"]
PARTS: dict[str, dict[str, Any]] = {
    "generator": {"use": "mlp", "z_dim": 16, "hidden": [8, 8]},
    "discriminator": {"use": "mlp", "hidden": [8]},
    "encoder": {"use": "mlp", "z_dim": 16, "hidden": [8]},
    "loss": {"use": "non_saturating"},
    "regularizer": {"use": "r1"},
}
SMALL: dict[str, Any] = {"z_dim": 16, "hidden": [8, 8], "width": 8}  # settings of a recipe that are made small
SMALL |= {"pretrain": 1, "pretrain_g": 1, "pretrain_d": 1}  # steps of stages, so that three steps see every one
SMALL |= {"bottleneck": 8, "blocks": 1}
COMMON: dict[str, Any] = {
    "run": {"steps": 6, "batch_size": 8, "log": 2, "sample": 100, "save": 3},
    "optimizer": {"use": "adam", "lr": 1e-3},
}


@dataclass
class Example:
    """A recipe and everything made of it."""

    recipe: Recipe

    def __post_init__(self) -> None:
        self.dataset: Dataset = build.dataset(self.recipe)
        self.spec: Spec = self.dataset.spec

    def procedure(self, seed: int = 0) -> Procedure:
        settings = self.recipe.run.model_copy(update={"seed": seed})
        made = build.procedure(replace(self.recipe, run=settings), self.spec)
        build.check_fit(made, self.spec)
        return made

    def engine(self, procedure: Procedure) -> Engine:
        return Engine(procedure, build.optimizers(self.recipe.optimizer), accelerator())

    def batches(self) -> Batches:
        return Batches(self.dataset, self.recipe.run.batch_size, 0, torch.device("cpu"))

    def trained(self, steps: int = 3) -> Procedure:
        procedure = self.procedure()
        engine, batches = self.engine(procedure), self.batches()
        for t in range(steps):
            engine.step(batches, t)
        return procedure

    def sample(self, procedure: Procedure, n: int, seed: int = 0) -> Tensor:
        cpu = torch.device("cpu")
        y = preview.classes_in_turn(n, self.spec.classes, cpu) if procedure.conditional else None
        with preview.sampling(procedure, cpu, seed):
            return procedure.sample(n, y)


def example_of(entry: Entry, zoo: Zoo, folder: Path) -> Example:
    """The first example that takes a step. Fails with what to do when there is none."""
    refusals = []
    for tree in [*from_parts(entry), *from_recipes(entry, folder)]:
        try:
            example = Example(resolve.resolve(tree, zoo, "example", name=f"{entry.name}_example"))
            example.trained(steps=1)
            return example
        except (GanzooError, ValueError, RuntimeError, TypeError, AttributeError, AssertionError, KeyError) as refusal:
            refusals.append(f"  {type(refusal).__name__}: {refusal}")
    told = "\n".join(refusals) or "  nothing to try"
    pytest.fail(
        f"there is no small example of procedure {entry.full_name!r} to test. Either its constructor takes what PARTS "
        f"in {Path(__file__).name} offers, or recipes/ has a recipe whose [procedure] uses it. Tried:\n{told}"
    )


def from_parts(entry: Entry) -> Iterator[dict[str, Any]]:
    """The procedure on points, without labels and with them, if PARTS has all that it needs."""
    tables: dict[str, Any] = {}
    for name, parameter in Blueprint(entry).signature.parts.items():
        if parameter.default is inspect.Parameter.empty:
            kind = name.partition("_")[0]
            if kind not in PARTS:
                return
            tables[name] = PARTS[kind]
    for labels in (False, True):
        dataset = {"use": "ring", "n": 100, "labels": labels}
        yield {**COMMON, **tables, "procedure": {"use": entry.full_name}, "dataset": dataset}


def from_recipes(entry: Entry, folder: Path) -> Iterator[dict[str, Any]]:
    """Recipes that use the procedure, made small, on noise instead of their data; those of the smallest data first."""
    every = [resolve.read(found.path, (), PLUGINS.zoo)[0] for found in library.recipes(PLUGINS)]
    those = [(build.dataset(one).spec, one) for one in every if one.procedure.entry.full_name == entry.full_name]
    for number, (spec, recipe) in enumerate(sorted(those, key=lambda pair: pair[0].size)):
        tree = recipe.resolved()
        for settings in tree.values():
            if isinstance(settings, dict):
                settings.update({name: value for name, value in SMALL.items() if name in settings})
        path = save_noise(folder / f"{number}.npz", spec, 40)
        yield {**tree, "run": COMMON["run"], "dataset": {"use": "npz", "path": str(path)}}
