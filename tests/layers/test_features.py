"""The width of a discriminator's features, and logits from features in one pass."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from ganzoo import Discriminator, Spec, features_width


class Judge(Discriminator):
    """x -> dropout -> the features -> their sum, plus the label; it counts its passes."""

    conditional = True

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(4, 3), nn.Dropout(0.5))
        self.passes = 0

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        self.passes += 1
        return self.body(x)

    def logits(self, features: Tensor, y: Tensor | None = None) -> Tensor:
        assert y is not None
        return features.sum(1) + y


class Direct(Judge):
    """One that computes its logits in forward()."""

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        assert y is not None
        return -x.flatten(1).sum(1) - y


class Headless(Discriminator):
    """One without a last layer."""

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return x


X, Y = torch.arange(8.0).view(2, 1, 2, 2), torch.tensor([0, 5])


def test_the_width_is_that_of_the_features_and_measuring_it_changes_nothing() -> None:
    judge = Judge()
    before = torch.random.get_rng_state()
    assert features_width(judge, Spec((1, 2, 2), classes=6)) == 3
    assert torch.equal(torch.random.get_rng_state(), before)
    assert judge.training


def test_the_width_is_known_without_weights() -> None:
    with torch.device("meta"):
        assert features_width(Judge(), Spec((1, 2, 2), classes=6)) == 3


def test_logits_follow_from_the_features_of_the_same_pass() -> None:
    judge = Judge()  # dropout: a second pass would have other features
    features, logits = judge.features_and_logits(X, Y)
    assert torch.equal(logits, features.sum(1) + Y)
    assert judge.passes == 1
    assert torch.equal(judge.eval()(X, Y), judge.logits(judge.features(X, Y), Y))


def test_logits_of_forward_are_used_where_it_is_defined() -> None:
    direct = Direct()
    assert torch.equal(direct.features_and_logits(X, Y)[1], torch.tensor([-6.0, -27.0]))


def test_a_discriminator_with_neither_is_told_what_it_needs() -> None:
    with pytest.raises(NotImplementedError, match=r"Headless needs a method logits\(features, y\), or forward\(x, y\)"):
        Headless()(X)
