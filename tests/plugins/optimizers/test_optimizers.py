"""The table of optimizers against torch.optim, and one of them by hand."""

import inspect

import pytest
import torch

from ganzoo.config import instantiate
from ganzoo.config.component import Blueprint
from ganzoo.registry.discovery import load

ZOO = load().zoo
ENTRIES = [entry for entry in ZOO.entries("optimizer") if entry.owner == "ganzoo"]
FUSED = ("adam", "adamw", "sgd")
OURS = {"rising_momentum", "muon", "optimistic_adam", "lookahead"}


def test_all_of_torch_but_two():
    theirs = {name for name, value in vars(torch.optim).items() if inspect.isclass(value)}
    left_out = {"Optimizer", "LBFGS", "SparseAdam", "Muon"}
    assert {entry.name for entry in ENTRIES} - OURS == {name.lower() for name in theirs - left_out}


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_the_name_is_that_of_the_class(entry):
    weight = torch.nn.Parameter(torch.zeros(2, 2))
    optimizer = instantiate.optimizer(Blueprint(entry), [("weight", weight)])
    assert type(optimizer).__name__.lower() == entry.name.replace("_", "")


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_settings_are_checked(entry):
    assert Blueprint(entry, {"lr": 2e-4}).problems() == []
    assert Blueprint(entry, {"lr": "fast"}).problems()
    assert Blueprint(entry, {"learning_rate": 2e-4}).problems()


@pytest.mark.parametrize("name", ["adam", "adamw", "adamax", "nadam", "radam"])
def test_betas_from_a_recipe(name):
    blueprint = Blueprint(ZOO.find("optimizer", name), {"lr": 2e-4, "betas": [0.5, 0.999]})
    assert blueprint.problems() == []
    optimizer = blueprint([torch.nn.Parameter(torch.zeros(2))])
    assert tuple(optimizer.param_groups[0]["betas"]) == (0.5, 0.999)


@pytest.mark.parametrize("name", FUSED)
def test_fused_by_default_and_unfused_on_request(name):
    blueprint = Blueprint(ZOO.find("optimizer", name), {"lr": 0.1})
    assert blueprint.filled()["fused"] is True
    weights = [torch.nn.Parameter(torch.tensor([1.0, -2.0])) for _ in range(2)]
    for weight, settings in zip(weights, ({}, {"fused": False}), strict=True):
        optimizer = blueprint([weight], **settings)
        assert optimizer.param_groups[0]["fused"] is settings.get("fused", True)
        for _ in range(3):
            optimizer.zero_grad()
            weight.square().sum().backward()
            optimizer.step()
    torch.testing.assert_close(weights[0], weights[1])


def test_momentum_by_hand():
    """v <- momentum v + gradient, w <- w - lr v, on w^2 / 2: the gradient is w."""
    weight = torch.nn.Parameter(torch.tensor([1.0], dtype=torch.float64))
    optimizer = ZOO.find("optimizer", "sgd").load()([weight], lr=0.1, momentum=0.5)
    w, v = 1.0, 0.0
    for _ in range(5):
        optimizer.zero_grad()
        (weight.square().sum() / 2).backward()
        optimizer.step()
        v = 0.5 * v + w
        w -= 0.1 * v
        assert weight.item() == pytest.approx(w, abs=1e-12)


def rising(weight, **settings):
    return ZOO.find("optimizer", "rising_momentum").load()([weight], **settings)


def test_the_momentum_of_the_first_gan():
    """0.5 at first, 0.6 half way through its 250 epochs of 500 updates, 0.7 from then on."""
    weight = torch.nn.Parameter(torch.zeros(1))
    weight.grad = torch.zeros(1)
    optimizer = rising(weight)
    (group,) = optimizer.param_groups
    momentum = {}
    for updated in (0, 62_500, 125_000, 250_000):
        group["updated"] = updated
        optimizer.step()
        momentum[updated] = group["momentum"]
    assert momentum == pytest.approx({0: 0.5, 62_500: 0.6, 125_000: 0.7, 250_000: 0.7})


def test_rising_momentum_by_hand():
    """v <- momentum v + gradient, w <- w - lr v, on w^2 / 2, with a momentum of 0.2, 0.3, 0.4, 0.4, ..."""
    weight = torch.nn.Parameter(torch.tensor([1.0], dtype=torch.float64))
    optimizer = rising(weight, lr=0.1, start=0.2, end=0.4, updates=2)
    w, v = 1.0, 0.0
    for momentum in (0.2, 0.3, 0.4, 0.4):
        weight.grad = weight.detach().clone()
        optimizer.step()
        v = momentum * v + w
        w -= 0.1 * v
        assert weight.item() == pytest.approx(w, abs=1e-12)


def test_rising_momentum_goes_on_from_a_checkpoint():
    first, second = (torch.nn.Parameter(torch.ones(1)) for _ in range(2))
    optimizer, resumed = (rising(weight, updates=4) for weight in (first, second))
    for _ in range(3):
        first.grad = torch.ones(1)
        optimizer.step()
    resumed.load_state_dict(optimizer.state_dict())
    assert resumed.param_groups[0]["updated"] == 3
