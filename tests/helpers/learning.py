"""Training small enough for a test: a recipe's tables in, the trained procedure, its losses and its samples out."""

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
    """`terms` has every value of every term, "player/term" -> (steps,)."""

    example: Example
    procedure: Procedure
    terms: dict[str, Tensor]
    engine: Engine

    def samples(self, n: int = 1000) -> Tensor:
        return self.example.sample(self.procedure, n)


def trained(steps: int, seed: int = 0, batch_size: int = 64, **tables: Any) -> Trained:
    """`steps` steps on scikit-learn's digits, with Adam, unless the tables say otherwise."""
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
    return Trained(example, procedure, {name: torch.stack(found) for name, found in values.items()}, engine)
