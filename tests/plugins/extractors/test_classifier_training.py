"""Training of the classifiers: how images are shifted, when it ends, and which weights are kept."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from ganzoo_builtins.extractors import classifier_training
from ganzoo_builtins.extractors.classifier_training import shifted, train


def test_images_are_shifted_by_at_most_a_fourteenth_of_their_side() -> None:
    torch.manual_seed(0)
    x = torch.zeros(400, 1, 28, 28)
    x[:, :, 14, 14] = 1
    moved = shifted(x)
    assert moved.shape == x.shape and torch.equal(moved.sum((1, 2, 3)), torch.ones(400)), "the same pixels elsewhere"
    places = {tuple(place) for place in moved.nonzero()[:, 2:].tolist()}
    assert places == {(row, column) for row in range(12, 17) for column in range(12, 17)}


def test_pixels_at_the_border_are_repeated() -> None:
    x = torch.arange(28.0).expand(50, 1, 28, 28)  # a ramp from left to right
    columns = shifted(x)[:, 0, 0]  # (N, W)
    shift = columns[:, 13] - 13
    torch.testing.assert_close(columns, (torch.arange(28.0) + shift[:, None]).clamp(0, 27))


def test_points_and_small_images_stay() -> None:
    for shape in ((5, 3), (5, 1, 8, 8)):
        x = torch.randn(shape)
        assert torch.equal(shifted(x), x)


@pytest.mark.parametrize(("losses", "ends", "kept"), [([3, 2, 2, 2, 1], 4, 2), ([3, 2, 2.5, 1, 4, 4, 0], 6, 4)])
def test_it_ends_when_the_loss_no_longer_falls(
    monkeypatch: pytest.MonkeyPatch, losses: list[float], ends: int, kept: int
) -> None:
    """The weights of the lowest loss are kept: a bias that moves by about the learning rate at each step tells them."""
    seen: list[torch.Tensor] = []

    def loss(net: nn.Module, _: object) -> float:
        seen.append(net.bias.clone())
        return losses[len(seen) - 1]

    monkeypatch.setattr(classifier_training, "_loss", loss)
    monkeypatch.setattr(classifier_training, "CHECK", 10)
    net = nn.Linear(2, 2)
    data = torch.randn(64, 2), torch.arange(64) % 2
    steps: list[int] = []
    train(net, data, 1000, data, lambda step, _: steps.append(step))
    assert len(seen) == ends and steps[-1] == 10 * ends
    assert torch.equal(net.bias, seen[kept - 1]) and not torch.equal(seen[kept - 1], seen[-1])
    assert not net.training


def test_without_validation_samples_it_takes_every_step() -> None:
    steps: list[int] = []
    train(nn.Linear(2, 2), (torch.randn(300, 2), torch.arange(300) % 2), 250, report=lambda step, _: steps.append(step))
    assert steps == [*range(1, 251)]
