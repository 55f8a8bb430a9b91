"""What ganzoo.Procedure promises, asked of every built-in procedure on the smallest example there is of it.

Nothing here is written for one procedure: whatever is registered is covered. The example is made of small registered
parts, as the constructor asks for them; where that does not do, it is a recipe of the library, made small.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load, save
from torch import Tensor

from ganzoo import Batch, Dataset, GanzooError, Procedure, Spec, build, library, preview, resolve, training
from ganzoo.blueprint import Blueprint
from ganzoo.data import Batches
from ganzoo.engine import Engine
from ganzoo.recipe import Recipe
from ganzoo.registry import Entry, Zoo
from ganzoo.run import Run
from support import PLUGINS, accelerator, save_noise, weights_hash

PROCEDURES = [entry for entry in PLUGINS.zoo.entries("procedure") if entry.owner == "ganzoo"]
PARTS: dict[str, dict[str, Any]] = {
    "generator": {"use": "mlp", "z_dim": 4, "hidden": [8, 8]},
    "discriminator": {"use": "mlp", "hidden": [8]},
    "loss": {"use": "non_saturating"},
    "regularizer": {"use": "r1"},
}
SMALL: dict[str, Any] = {"z_dim": 4, "hidden": [8, 8], "width": 8}  # settings of a recipe that are made small
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
    """Recipes that use the procedure, made small, on noise instead of their data."""
    for number, found in enumerate(library.recipes(PLUGINS)):
        recipe = resolve.read(found.path, (), PLUGINS.zoo)[0]
        if recipe.procedure.entry.full_name != entry.full_name:
            continue
        tree = recipe.resolved()
        for settings in tree.values():
            if isinstance(settings, dict):
                settings.update({name: value for name, value in SMALL.items() if name in settings})
        path = save_noise(folder / f"{number}.npz", build.dataset(recipe).spec, 40)
        yield {**tree, "run": COMMON["run"], "dataset": {"use": "npz", "path": str(path)}}


@pytest.fixture(scope="module", params=PROCEDURES, ids=lambda entry: entry.full_name)
def example(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Example:
    return example_of(request.param, PLUGINS.zoo, tmp_path_factory.mktemp("noise"))


@pytest.mark.parametrize("entry", PROCEDURES, ids=lambda entry: entry.full_name)
def test_described(entry: Entry) -> None:
    assert 0 < len(entry.summary) <= 100 and not entry.summary.endswith(".")
    assert entry.paper.startswith(("arXiv:", "https://"))
    assert entry.load().__doc__
    assert issubclass(entry.load(), Procedure)


def test_every_player_moves_within_a_few_steps(example: Example) -> None:
    before, after = example.procedure(), example.trained()
    for player, modules in after.players().items():
        there = [p for module in before.players()[player] for p in module.parameters()]
        here = [p for module in modules for p in module.parameters()]
        assert any(not torch.equal(p, q) for p, q in zip(there, here, strict=True)), player
        assert all(p.isfinite().all() for p in here), player


def test_every_trainable_parameter_belongs_to_a_player(example: Example) -> None:
    procedure = example.procedure()
    owned = {id(p) for modules in procedure.players().values() for module in modules for p in module.parameters()}
    assert [name for name, p in procedure.named_parameters() if p.requires_grad and id(p) not in owned] == []


def test_weights_survive_a_file(example: Example) -> None:
    trained, fresh = example.trained(), example.procedure(seed=1)
    fresh.load_state_dict(load(save({name: tensor.clone() for name, tensor in trained.state_dict().items()})))
    assert all(torch.equal(tensor, fresh.state_dict()[name]) for name, tensor in trained.state_dict().items())
    assert torch.equal(example.sample(fresh, 4), example.sample(trained, 4))


def test_a_resumed_run_ends_with_the_same_bits(example: Example, tmp_path: Path) -> None:
    straight = training.train(example.recipe, PLUGINS, tmp_path / "straight")
    half = replace(example.recipe, run=example.recipe.run.model_copy(update={"steps": 3}))
    begun = Run.open(training.train(half, PLUGINS, tmp_path / "parts").folder)
    training.train(begun.recipe(PLUGINS.zoo, ["run.steps=6"]), PLUGINS, tmp_path, begun)
    assert weights_hash(begun) == weights_hash(straight)


@pytest.mark.parametrize("n", [1, 5])
def test_samples_have_the_shape_of_the_data(n: int, example: Example) -> None:
    samples = example.sample(example.procedure(), n)
    assert samples.shape == (n, *example.spec.shape)
    assert samples.isfinite().all()


def test_the_seed_decides_the_samples(example: Example) -> None:
    procedure = example.trained()
    assert torch.equal(example.sample(procedure, 4, seed=1), example.sample(procedure, 4, seed=1))
    assert not torch.equal(example.sample(procedure, 4, seed=1), example.sample(procedure, 4, seed=2))


def test_a_copy_is_equal_and_independent(example: Example) -> None:
    procedure = example.trained()
    twin = copy.deepcopy(procedure)
    assert torch.equal(example.sample(twin, 4), example.sample(procedure, 4))
    assert not {id(p) for p in twin.parameters()} & {id(p) for p in procedure.parameters()}
    example.engine(twin).step(example.batches(), 0)
    assert any(not torch.equal(p, q) for p, q in zip(twin.parameters(), procedure.parameters(), strict=True))


def test_a_step_draws_as_many_batches_as_announced(example: Example) -> None:
    procedure, batches = example.procedure(), example.batches()
    example.engine(procedure).step(batches, 1234)
    assert batches.position == procedure.batches_per_step


class Odd(Procedure):
    """Needs an encoder, which nobody registered."""

    def __init__(self, spec: Spec, encoder: Blueprint):
        super().__init__()

    def players(self) -> Any: ...
    def step(self, data: Iterator[Batch], t: int) -> Any: ...
    def sample(self, n: int, y: Tensor | None = None) -> Any: ...


def test_a_procedure_without_an_example_fails_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(pytest.fail.Exception, match=r"no small example of procedure 'me/odd'.* recipes/ has"):
        example_of(Entry("procedure", "odd", "me", Odd), PLUGINS.zoo, tmp_path)


@pytest.mark.parametrize("entry", PROCEDURES, ids=lambda entry: entry.full_name)
def test_a_recipe_can_be_made_small(entry: Entry, tmp_path: Path) -> None:
    """The second way to an example works as well, for procedures that have recipes."""
    tree = next(from_recipes(entry, tmp_path), None)
    if tree is None:
        pytest.skip("no recipe uses it")
    procedure = Example(resolve.resolve(tree, PLUGINS.zoo, "example", name="example")).trained(steps=1)
    assert sum(p.numel() for p in procedure.parameters()) < 3_000_000
