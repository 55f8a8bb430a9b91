"""The hand-tuned loops have the same losses as the engine, from the same weights, data and noise."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import Tensor

from ganzoo.config import instantiate, locate, resolver
from ganzoo.config.recipe import Recipe
from ganzoo.interfaces import Spec
from ganzoo.procedure import Procedure
from ganzoo.registry import discovery
from ganzoo.training import optim
from ganzoo.training.ema import Ema
from ganzoo.training.engine import Engine
from helpers.support import accelerator

TOP = Path(__file__).parents[2]
PLUGINS = discovery.load()
LOOPS = sorted(path.stem for path in (TOP / "benchmarks/loops").glob("*.py"))
STEPS, N = 3, 8


def module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"loop_{name}", TOP / f"benchmarks/loops/{name}.py")
    assert spec and spec.loader
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def recipe(name: str) -> Recipe:
    return resolver.read(locate.find(name, PLUGINS), (), PLUGINS.zoo)[0]


def copy_weights(procedure: Procedure, loop: Any) -> None:
    for ours, theirs in ((procedure.G, loop.G), (procedure.D, loop.D)):
        with torch.no_grad():
            for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):  # type: ignore[union-attr]
                assert p.shape == q.shape
                q.copy_(p)
    loop.average = type(loop.average)(loop.G, loop.average.decay)  # starts at these weights


@pytest.mark.parametrize("name", LOOPS)
def test_losses_are_those_of_the_engine(name: str) -> None:
    found = recipe(name)
    spec = instantiate.dataset(found).spec
    procedure = instantiate.procedure(found, Spec(spec.shape, spec.classes))
    engine = Engine(procedure, optim.optimizer_factory(found.optimizer), accelerator())
    ema = Ema(procedure, found.run.ema)
    noise = torch.Generator().manual_seed(1)
    x = torch.randint(0, 256, (64, *spec.shape), dtype=torch.uint8, generator=noise)
    y = torch.randint(0, 10, (64,), generator=noise)
    loop = module(name).Loop(x, y, found.run.ema) if procedure.conditional else module(name).Loop(x, found.run.ema)
    copy_weights(procedure, loop)
    indices = torch.randperm(64, generator=noise).repeat(2).split(N)
    per_step = procedure.batches_per_step

    torch.manual_seed(2)  # noise and dropout are drawn in the same order by both
    data = ({"x": x[index].float() / 127.5 - 1, "y": y[index]} for index in indices)
    ours = []
    for t in range(STEPS):
        engine.step(data, t)
        ema.update()
        ours.append([total(engine, player) for player in ("discriminator", "generator")])
    torch.manual_seed(2)
    theirs = []
    for t in range(STEPS):
        mine = list(indices[t * per_step : (t + 1) * per_step])
        theirs.append(torch.stack(loop.step(mine if per_step > 1 else mine[0])))
    torch.testing.assert_close(torch.tensor(ours), torch.stack(theirs), rtol=1e-4, atol=1e-5)
    for one, other in zip(ema.average.values(), loop.average.averages, strict=True):
        if one.dim() > 1:  # the gradient of a bias below batch norm is rounding alone, which Adam makes large
            torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4)


def total(engine: Engine, player: str) -> float:
    terms: list[Tensor] = [term for name, term in engine.terms.items() if name.startswith(f"{player}/")]
    return float(torch.stack(terms).sum())
