"""The average of the generators' weights."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from ganzoo import Batch, Generator, Move, Procedure
from ganzoo.runs import checkpoint
from ganzoo.training.ema import Ema
from helpers.support import tiny, train


class Normed(Generator):
    z_dim = 2

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 2)
        self.norm = nn.BatchNorm1d(2)
        self.frozen = nn.Linear(2, 2).requires_grad_(False)

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        return self.norm(self.layer(z))


class Owner(Procedure):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.G = Normed()
        self.D = nn.Linear(2, 1)

    def players(self) -> dict[str, list[nn.Module]]:
        return {"generator": [self.G], "discriminator": [self.D]}

    def step(self, data: Iterator[Batch], t: int) -> Iterator[Move]:
        yield {}

    def sample(self, n: int, y: Tensor | None = None) -> Tensor:
        return self.G(self.G.prior(n))


def set_to(module: nn.Module, value: float) -> None:
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.fill_(value)


def state(module: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in module.state_dict().items()}


def assert_same(one: dict[str, Tensor], other: dict[str, Tensor]) -> None:
    assert one.keys() == other.keys()
    assert all(torch.equal(tensor, other[name]) for name, tensor in one.items())


@pytest.mark.parametrize("decay", [1e-9, 0.3, 0.999])
def test_the_average_has_its_closed_form(decay: float) -> None:
    procedure = Owner()
    ema = Ema(procedure, decay)
    expected = {name: tensor.double().clone() for name, tensor in ema.average.items()}
    for t in range(30):
        set_to(procedure.G, float(t))
        ema.update()
        rate = min(decay, (1 + t) / (10 + t))  # 0.1, 0.18, 0.25, ... up to decay
        expected = {name: rate * value + (1 - rate) * t for name, value in expected.items()}
    for name, average in ema.average.items():
        assert torch.allclose(average.double(), expected[name], rtol=1e-5)
    assert ema.updates == 30


def test_generators_are_averaged_and_nothing_else_is() -> None:
    assert set(Ema(Owner(), 0.9).average) == {"G.layer.weight", "G.layer.bias", "G.norm.weight", "G.norm.bias"}


def test_the_average_does_not_follow_the_weights_by_itself() -> None:
    procedure = Owner()
    ema = Ema(procedure, 0.9)
    set_to(procedure, 5.0)
    assert not (ema.average["G.layer.weight"] == 5).any()


def test_averaging_leaves_the_weights_alone() -> None:
    procedure = Owner()
    ema, before = Ema(procedure, 0.9), state(procedure)
    ema.update()
    assert_same(state(procedure), before)


def test_swapped_in_shows_the_average_and_gives_the_weights_back() -> None:
    procedure = Owner()
    ema = Ema(procedure, 0.9)
    set_to(procedure.G, 2.0)
    ema.update()
    before, averages = state(procedure), {name: average.clone() for name, average in ema.average.items()}
    with ema.swapped_in():
        inside = state(procedure)
        assert all(torch.equal(inside[name], average) for name, average in averages.items())
        assert all(torch.equal(inside[name], before[name]) for name in before.keys() - averages.keys())
    assert_same(state(procedure), before)
    assert_same(ema.average, averages)


def test_the_weights_come_back_after_an_error() -> None:
    procedure = Owner()
    ema = Ema(procedure, 0.9)
    set_to(procedure.G, 2.0)
    ema.update()
    before = state(procedure)
    with pytest.raises(KeyError), ema.swapped_in():
        raise KeyError
    assert_same(state(procedure), before)


def test_an_optimizer_goes_on_with_the_same_parameters_after_a_swap() -> None:
    procedure = Owner()
    ema, optimizer = Ema(procedure, 0.9), torch.optim.SGD(procedure.G.parameters(), lr=1.0)
    with ema.swapped_in():
        pass
    procedure.G.layer.weight.sum().backward()
    before = procedure.G.layer.weight.detach().clone()
    optimizer.step()
    assert torch.equal(procedure.G.layer.weight, before - 1)


def test_without_an_estimate_buffers_are_those_of_the_live_network() -> None:
    procedure = Owner()
    ema = Ema(procedure, 0.9)
    procedure.sample(8)
    ema.update()
    counted = procedure.G.norm.num_batches_tracked.item()
    with ema.swapped_in():
        assert procedure.G.norm.num_batches_tracked.item() == counted == 1


def test_without_decay_nothing_is_averaged() -> None:
    procedure = Owner()
    ema, before = Ema(procedure, 0.0), state(procedure)
    ema.update()
    with ema.swapped_in():
        assert_same(state(procedure), before)
    assert ema.average == {} and ema.updates == 0


def test_averaging_does_not_change_the_training(tmp_path: Path) -> None:
    with_ema, without = (train(tiny("", setting), tmp_path) for setting in ("run.ema=0.9", "run.ema=0"))
    one, other = (checkpoint.read(run.latest) for run in (with_ema, without))
    assert_same(one.tensors["model"], other.tensors["model"])
    assert set(one.tensors["ema"]) == {name for name in one.tensors["model"] if name.startswith("G.")}
    assert "G.layers.3.running_var" in one.tensors["ema"]
    assert "ema" not in other.tensors
