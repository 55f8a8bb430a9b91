"""Muon: which weights it updates, and its steps against those of torch.optim."""

from __future__ import annotations

import copy
import json

import pytest
import torch
from torch import nn

from ganzoo.config import instantiate
from ganzoo.config.component import Blueprint
from ganzoo.interfaces import Spec
from ganzoo.training import state
from ganzoo.training.session import Session
from helpers.support import CONDITIONAL, PLUGINS, accelerator, tiny

MUON = PLUGINS.zoo.find("optimizer", "muon").load()
NETWORKS = [
    ("compact", {"width": 2}, Spec((1, 16, 16))),
    ("cgan", {"hidden": [8, 8]}, Spec((1, 4, 4), classes=3)),
]


def network() -> nn.Module:
    """A network with two hidden layers, a linear one and a convolution, and a table of classes."""
    torch.manual_seed(0)
    layers = nn.ModuleDict(
        {
            "embedding": nn.Embedding(3, 4),
            "first": nn.Linear(4, 6),
            "linear": nn.Linear(6, 6),
            "norm": nn.BatchNorm2d(6),
            "convolution": nn.Conv2d(6, 5, 3),
            "last": nn.Linear(5, 1),
        }
    )
    return nn.ModuleDict({"D": layers})


def test_the_split() -> None:
    optimizer = MUON([*network().named_parameters()])
    adamw, muon = optimizer.param_groups
    assert muon["param_names"] == ["D.linear.weight", "D.convolution.weight"]
    assert len(adamw["params"]) == 9
    other = MUON([*network().named_parameters()], adamw=["*.convolution.*"])
    assert other.param_groups[1]["param_names"] == ["D.first.weight", "D.linear.weight"]


def test_first_and_last_are_those_of_each_network() -> None:
    pair = nn.ModuleDict({name: network()["D"] for name in ("D", "Q")})
    optimizer = MUON([*pair.named_parameters()])
    names = [f"{network}.{layer}.weight" for network in "DQ" for layer in ("linear", "convolution")]
    assert optimizer.param_groups[1]["param_names"] == names


def test_steps_are_those_of_torch() -> None:
    """A convolution is the matrix of its output channels; the rest is AdamW's."""
    ours = network()
    theirs = copy.deepcopy(ours)
    optimizer = MUON([*ours.named_parameters()], lr=0.01, weight_decay=0.1, momentum=0.9)
    matrix = nn.Parameter(theirs["D"]["convolution"].weight.detach().flatten(1))
    hidden = [theirs["D"]["linear"].weight, matrix]
    muons = ("D.linear.weight", "D.convolution.weight")
    rest = [p for name, p in theirs.named_parameters() if name not in muons]
    settings = {"momentum": 0.9, "adjust_lr_fn": "match_rms_adamw"}
    twins = [
        torch.optim.Muon(hidden, lr=0.01, weight_decay=0.1, **settings),
        torch.optim.AdamW(rest, lr=0.01, weight_decay=0.1),
    ]
    for step in range(3):
        for (name, p), q in zip(ours.named_parameters(), theirs.parameters(), strict=True):
            torch.manual_seed(step)
            p.grad = torch.randn_like(p)
            q.grad = p.grad.clone()
            if name == "D.convolution.weight":
                matrix.grad = p.grad.flatten(1)
        optimizer.step()
        for twin in twins:
            twin.step()
    for (name, p), q in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        assert torch.equal(p, matrix.view_as(p) if name == "D.convolution.weight" else q), name


@pytest.mark.parametrize("text", ["", CONDITIONAL], ids=["points", "labels"])
def test_a_resumed_run_makes_the_same_steps(text: str) -> None:
    recipe = tiny(text, "optimizer.use=muon", "generator.hidden=[8, 8, 8]")

    def built() -> Session:
        return Session(recipe, accelerator())

    whole, half = built(), built()
    for t in range(4):
        whole.step(t)
    torch.manual_seed(recipe.run.seed)
    for t in range(2):
        half.step(t)
    saved = state.capture(half.engine, half.ema, half.batches, 2)
    saved.states = json.loads(json.dumps(saved.states))
    saved.tensors = {stem: {n: t.clone() for n, t in tensors.items()} for stem, tensors in saved.tensors.items()}
    resumed = built()
    state.restore(saved, resumed.engine, resumed.ema, resumed.batches)
    for t in range(2, 4):
        resumed.step(t)
    muon = resumed.engine.optimizers["generator"].param_groups[1]
    assert muon["muon"] and len(muon["params"]) >= 2
    for name, tensor in whole.procedure.state_dict().items():
        assert torch.equal(tensor, resumed.procedure.state_dict()[name]), name


@pytest.mark.parametrize(("name", "settings", "spec"), NETWORKS)
def test_built_in_networks_are_fitted(name: str, settings: dict[str, object], spec: Spec) -> None:
    for kind in ("generator", "discriminator"):
        built = Blueprint(PLUGINS.zoo.find(kind, name), settings)(spec)
        named = [(f"{kind}.{n}", p) for n, p in built.named_parameters()]
        optimizer = instantiate.optimizer(Blueprint(PLUGINS.zoo.find("optimizer", "muon")), named)
        assert sum(len(group["params"]) for group in optimizer.param_groups) == len(named)
        assert optimizer.param_groups[-1]["muon"]
