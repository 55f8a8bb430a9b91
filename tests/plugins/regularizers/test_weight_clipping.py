"""Weight clipping, exactly."""

import pytest
import torch
from torch import nn

from ganzoo.config.component import Blueprint
from ganzoo.registry.discovery import load
from helpers.support import compared

ENTRY = load().zoo.find("regularizer", "weight_clipping")


def test_every_parameter_is_clamped():
    critic = nn.Sequential(nn.Linear(2, 2), nn.LayerNorm(2))
    with torch.no_grad():
        critic[0].weight.copy_(torch.tensor([[0.02, -0.02], [0.005, -0.01]]))
        critic[0].bias.copy_(torch.tensor([1.0, 0.0]))
    ENTRY.load()().project(critic)
    assert torch.equal(critic[0].weight, torch.tensor([[0.01, -0.01], [0.005, -0.01]]))
    assert torch.equal(critic[0].bias, torch.tensor([0.01, 0.0]))
    assert torch.equal(critic[1].weight, torch.tensor([0.01, 0.01]))


def test_limit_is_a_setting():
    critic = nn.Linear(1, 1)
    ENTRY.load()(limit=0.25).project(critic)
    assert all(p.abs().max() <= 0.25 for p in critic.parameters())
    assert all(p.requires_grad for p in critic.parameters())


@pytest.mark.parametrize("limit", [0.0, -1.0, "0.01"])
def test_limit_must_be_positive(limit):
    assert len(Blueprint(ENTRY, {"limit": limit}).problems()) == 1


def test_it_adds_no_term_and_suits_batch_norm():
    clipping = ENTRY.load()()
    assert clipping.terms(compared(nn.Linear(1, 1), torch.zeros(2, 1), torch.zeros(2, 1))) == {}
    clipping.check(nn.BatchNorm1d(3))
