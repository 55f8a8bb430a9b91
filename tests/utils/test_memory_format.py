"""Channels-last weights, optimizer state in the order of its weights, and networks that rely on another order."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import ganzoo
from ganzoo.errors import IncompatibleError
from ganzoo.utils import memory_format

LAST = torch.channels_last


def test_weights_of_convolutions_are_stored_channels_last_with_the_same_values() -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ConvTranspose2d(4, 5, 3), nn.Flatten(), nn.Linear(5, 2))
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    assert not memory_format.is_channels_last(network)
    memory_format.use_channels_last(network)
    assert memory_format.is_channels_last(network)
    assert all(p.is_contiguous(memory_format=LAST) for p in network.parameters() if p.dim() == 4)
    assert all(tensor.equal(before[name]) for name, tensor in network.state_dict().items())
    assert network[:2](torch.rand(2, 3, 8, 8)).is_contiguous(memory_format=LAST)


def test_loaded_state_gets_the_order_of_its_weights() -> None:
    weight = nn.Parameter(torch.rand(4, 3, 2, 2).contiguous(memory_format=LAST))
    optimizer = torch.optim.Adam([weight])
    weight.grad = torch.rand_like(weight)
    optimizer.step()
    state = optimizer.state_dict()
    state["state"][0] = {name: value.contiguous() for name, value in state["state"][0].items()}
    loaded = torch.optim.Adam([weight])
    loaded.load_state_dict(state)
    assert loaded.state[weight]["exp_avg"].stride() != weight.stride()
    memory_format.align_state(loaded)
    for name, value in optimizer.state[weight].items():
        assert loaded.state[weight][name].equal(value) and loaded.state[weight][name].stride() == value.stride(), name


class Viewing(nn.Module):
    """A discriminator that reads a map by view(), as much published code does."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(1, 4, 3, 2, 1), nn.Conv2d(4, 4, 3, 2, 1))
        self.logit = nn.Linear(4 * 7 * 7, 1)

    def forward(self, x: Tensor) -> Tensor:
        h = self.layers(x)  # (N, 1, 28, 28) -> (N, 4, 7, 7)
        return self.logit(h.view(len(h), -1)).squeeze(1)


def test_a_network_that_calls_view_is_told_of_the_setting(tmp_path: Path) -> None:
    settings = {"run.steps": 1, "run.batch_size": 4, "generator.width": 4, "generator.condition": "none"}

    def train(**more: bool) -> None:
        changes = {**settings, **{f"run.{name}": value for name, value in more.items()}}
        ganzoo.train("quickstart", changes, dataset=torch.rand(8, 1, 28, 28), discriminator=Viewing(), out=tmp_path)

    train()
    with pytest.raises(IncompatibleError, match=r"calls view\(\) on images.*Set run.channels_last=false"):
        train(channels_last=True)
