"""Short training for tests: takes the tables of a recipe, returns the procedure, its losses and its samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ganzoo import Procedure
from ganzoo.config import resolver
from ganzoo.training.engine import Engine
from helpers.examples import Example
from helpers.support import PLUGINS

ADAM = {"use": "adam", "lr": 1e-3}


@dataclass
class Trained:
    """A trained procedure.

    Attributes:
        example: The recipe.
        procedure: The procedure after training.
        terms: Values of every term, "player/term" -> (steps,).
        engine: The engine that trained it.
    """

    example: Example
    procedure: Procedure
    terms: dict[str, Tensor]
    engine: Engine

    def samples(self, n: int = 1000) -> Tensor:
        return self.example.sample(self.procedure, n)


def trained(steps: int, seed: int = 0, batch_size: int = 64, **tables: Any) -> Trained:
    """Train for some steps, on scikit-learn's digits and with Adam unless the tables say otherwise."""
    run = {"steps": steps, "batch_size": batch_size, "seed": seed}
    tree = {"dataset": {"use": "digits"}, "optimizer": ADAM, **tables, "run": run}
    example = Example(resolver.resolve(tree, PLUGINS.zoo, "learning", name="learning"))
    procedure = example.procedure(seed)
    engine, batches = example.engine(procedure), example.batches()
    torch.manual_seed(seed)
    for t in range(steps):
        engine.step(batches, t)
    values: dict[str, list[Tensor]] = {}
    for _, name, value in engine.history:
        values.setdefault(name, []).append(value)
    return Trained(example, procedure, {name: torch.stack(steps) for name, steps in values.items()}, engine)
