"""What ganzoo.Procedure promises, asked of every built-in procedure on the smallest example there is of it.

Nothing here is written for one procedure: whatever is registered is covered.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load, save
from torch import Tensor

from examples import PROCEDURES, Example, example_of, from_recipes
from ganzoo import Batch, Procedure, Spec, resolve
from ganzoo.blueprint import Blueprint
from ganzoo.registry import Entry
from support import PLUGINS


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
