"""Training in two processes for test_two_ranks.py, in one launch: torchrun ... pair.py FOLDER.

The test imports the cases, and the same training in one process.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from safetensors.torch import save_file
from torch import Tensor

import ganzoo
from ganzoo.config import instantiate, resolver
from ganzoo.config.component import Blueprint
from ganzoo.config.recipe import Recipe
from ganzoo.data.loader import Batches
from ganzoo.registry import discovery
from ganzoo.sampling.run import Run
from ganzoo.training import device, optim
from ganzoo.training.engine import Engine
from helpers import plugin
from helpers.killed import killed_after
from helpers.plugin import Listener
from helpers.support import CONDITIONAL, TINY, tiny, train

STEPS = 4
SMOOTH = {"use": "mlp", "z_dim": 4, "hidden": [8, 8], "norm": "none"}  # a generator without batch norm
LAZY = '[[regularizer]]\nuse = "r1"\nevery = 3\n'
RESUMED = {
    "points": tiny(LAZY, "run.steps=9", "run.save=1", "run.keep=20", "run.batch_size=8", "run.ema=0.9"),
    "labels": tiny(CONDITIONAL + LAZY, "run.steps=9", "run.save=1", "run.keep=20", "run.batch_size=8", "run.ema=0.5"),
}
KILLED = 4
CODES = {"use": "mlp", "z_dim": 4, "hidden": [8, 8]}
DECIDING: dict[str, Any] = {  # procedures that decide by their losses
    "began": {
        "procedure": {"use": "began", "gain": 0.02},
        "generator": CODES,
        "discriminator": {"use": "autoencoder", "hidden": [8]},
    },
    "vaegan": {
        "procedure": {"use": "vaegan", "margin": 0.02, "gamma": 0.1},
        "encoder": CODES,
        "generator": CODES,
        "discriminator": {"use": "mlp", "hidden": [8]},
        "loss": {"use": "non_saturating"},
        "optimizer": {"use": "adam", "lr": 1e-2},
    },
}


PLUGINS = discovery.load()
REGULARIZERS = [entry for entry in PLUGINS.zoo.entries("regularizer") if not entry.deprecated]
SORTS = ("ganzoo/non_saturating", "ganzoo/relativistic")  # the generator's loss uses fakes only, or real samples too
PLUGINS.zoo.merge(discovery.load({"tests/plugin": plugin}).zoo)
HEARING = resolver.resolve(
    {**TINY, "run": {**TINY["run"], "batch_size": 8}, "regularizer": [{"use": "listener"}]},
    PLUGINS.zoo, "hearing", name="hearing",
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A loss, a regularizer or "", its interval in steps, and the discriminator moves per step."""

    loss: str
    regularizer: str
    every: int
    d_steps: int

    def __str__(self) -> str:
        return " ".join(f"{value}" for value in asdict(self).values() if value)

    def recipe(self, **tables: Any) -> Recipe:
        procedure = {"use": "adversarial", "d_steps": self.d_steps}
        tree = {**TINY, "procedure": procedure, "loss": {"use": self.loss}, **tables}
        if self.regularizer:
            lazy = {"every": self.every} if self.every else {}
            tree["regularizer"] = [{"use": self.regularizer, **lazy}]
        return resolver.resolve(tree, PLUGINS.zoo, str(self), name="pair")


def cases() -> list[Case]:
    """Return each loss alone, each regularizer with both sorts of losses, lazy or not; with one and two moves of D."""
    alone = [(loss.full_name, "", 0) for loss in PLUGINS.zoo.entries("loss")]
    mixed = [(loss, one.full_name, every) for loss in SORTS for one in REGULARIZERS for every in intervals_of(one)]
    return [Case(*which, d_steps) for which in [*alone, *mixed] for d_steps in (1, 2)]


def intervals_of(regularizer: Any) -> list[int]:
    return [1, 3] if "every" in Blueprint(regularizer).signature.settings else [0]


class Part:
    """Training in one of the processes without a training loop, from its own initial weights and noise."""

    def __init__(self, recipe: Recipe, batch_size: int, accelerator: Accelerator):
        self.rank = accelerator.process_index
        self.world = accelerator.num_processes
        own = replace(recipe, run=recipe.run.model_copy(update={"seed": self.rank}))
        dataset = instantiate.dataset(recipe)
        self.procedure = instantiate.procedure(own, dataset.spec)
        self.engine = Engine(self.procedure, optim.optimizer_factory(recipe.optimizer), accelerator)
        self.batches = Batches.of(dataset, batch_size, 0, torch.device("cpu"), self.rank, self.world)
        self.noise: list[Tensor] = []
        set_seed(self.rank)

    def trained(self) -> Part:
        for t in range(STEPS):
            self.engine.step(self.batches, t)
        return self

    def listen(self) -> Part:
        """Record all noise."""
        for generator in self.procedure.generators():
            prior = generator.prior

            def heard(n: int, prior: Any = prior) -> Tensor:
                self.noise.append(prior(n))
                return self.noise[-1]

            generator.prior = heard  # type: ignore[method-assign]
        return self

    def share_noise(self) -> Part:
        """Draw slices of one noise tensor, which does not depend on the number of processes."""
        source = torch.Generator().manual_seed(5)
        for generator in self.procedure.generators():

            def slice_of(n: int, width: int = generator.z_dim) -> Tensor:
                return torch.randn(n * self.world, width, generator=source)[self.rank * n : (self.rank + 1) * n]

            generator.prior = slice_of  # type: ignore[method-assign]
        return self


def digest(tensors: Iterable[Tensor]) -> str:
    sha256 = hashlib.sha256()
    for tensor in tensors:
        sha256.update(tensor.detach().contiguous().numpy().tobytes())
    return sha256.hexdigest()


def smooth_recipe(case: Case) -> Recipe:
    return case.recipe(generator=SMOOTH, optimizer={"use": "sgd", "lr": 0.1})


def smooth(case: Case, batch_size: int, accelerator: Accelerator) -> dict[str, Tensor]:
    """Return the weights after training without batch norm and with shared noise; {} if the case is refused."""
    try:
        part = Part(smooth_recipe(case), batch_size, accelerator).share_noise().trained()
    except ganzoo.IncompatibleError:
        return {}
    return {name: p.detach().clone() for name, p in part.procedure.named_parameters()}


def equal(case: Case, accelerator: Accelerator) -> dict[str, Any]:
    try:
        part = Part(case.recipe(), 8, accelerator).listen().trained()
    except ganzoo.IncompatibleError as refusal:
        return {"refused": refusal.message}
    return {
        "parameters": digest(part.procedure.parameters()),
        "buffers": digest(part.procedure.buffers()),
        "noise": digest(part.noise),
        "batch norm": any(name.endswith("running_mean") for name, _ in part.procedure.named_buffers()),
    }


def decided(name: str, accelerator: Accelerator) -> dict[str, Any]:
    """Return moves, buffers and a digest of the weights of a procedure that decides by its losses."""
    tree = {table: settings for table, settings in TINY.items() if table not in ("generator", "discriminator", "loss")}
    part = Part(resolver.resolve({**tree, **DECIDING[name]}, PLUGINS.zoo, name, name=name), 8, accelerator)
    for t in range(15 * STEPS):
        part.engine.step(part.batches, t)
    return {
        "parameters": digest(part.procedure.parameters()),
        "own": {name: value.item() for name, value in part.procedure.named_buffers(recurse=False)},
        "moved": dict(part.engine.moved),
    }


def main(folder: Path) -> None:
    accelerator = device.accelerator(HEARING.run)
    rank, main = accelerator.process_index, accelerator.is_main_process
    told: dict[str, Any] = {"equal": {str(case): equal(case, accelerator) for case in cases()}}
    told["decided"] = {name: decided(name, accelerator) for name in DECIDING}
    told["mean"] = Part(HEARING, 8, accelerator).procedure.over_processes(torch.tensor([float(rank), 3.0])).tolist()
    for number, case in enumerate(cases()):
        weights = smooth(case, 8, accelerator)
        if main:
            save_file(weights, folder / f"smooth-{number}.safetensors")
    for name, recipe in RESUMED.items():
        undisturbed = train(recipe, folder / name)
        if main:
            killed_after(KILLED, undisturbed, folder / name / "killed")
        accelerator.wait_for_everyone()
        killed = Run(folder / name / "killed")
        train(killed.recipe(PLUGINS.zoo), folder, killed)
    train(replace(HEARING, run=HEARING.run.model_copy(update={"steps": 6})), folder / "by two", plugins=PLUGINS)
    Listener.heard.clear()
    alone = Run.open(folder / "by one")
    train(alone.recipe(PLUGINS.zoo, ["run.steps=9"]), folder, alone, PLUGINS)
    told["heard"] = [x.tolist() for x in Listener.heard]
    (folder / f"rank-{rank}.json").write_text(json.dumps(told))


def tell_threads(folder: Path) -> None:
    names = [task.read_text().strip() for task in Path("/proc/self/task").glob("*/comm")]
    (folder / f"threads-{os.environ['RANK']}.json").write_text(json.dumps(names))


if __name__ == "__main__":
    atexit.register(tell_threads, Path(sys.argv[1]))  # registered first, so called last
    main(Path(sys.argv[1]))
