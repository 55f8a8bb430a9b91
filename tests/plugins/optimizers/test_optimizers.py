"""The table of optimizers against torch.optim, and one of them by hand."""

import inspect

import pytest
import torch

from ganzoo.blueprint import Blueprint
from ganzoo.discovery import load

ZOO = load().zoo
ENTRIES = [entry for entry in ZOO.entries("optimizer") if entry.owner == "ganzoo"]
FUSED = ("adam", "adamw", "sgd")


def test_all_of_torch_but_two():
    theirs = {name for name, value in vars(torch.optim).items() if inspect.isclass(value)}
    left_out = {"Optimizer", "LBFGS", "SparseAdam"}
    assert {entry.name for entry in ENTRIES} == {name.lower() for name in theirs - left_out}


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_the_name_is_that_of_the_class(entry):
    weight = torch.nn.Parameter(torch.zeros(2, 2))
    assert type(entry.load()([weight])).__name__.lower() == entry.name


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
