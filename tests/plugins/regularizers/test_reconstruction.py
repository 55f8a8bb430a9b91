"""Reconstruction by the discriminator: what decoders rebuild, the term, whom it trains, and who is refused."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ganzoo import AugmentedDiscriminator, Comparison, Discriminator, IncompatibleError, Spec
from ganzoo_builtins.regularizers.reconstruction import Decoder, same_quadrant
from helpers.support import PLUGINS

SPEC = Spec((1, 16, 16))


class Judge(Discriminator):
    """Maps of 4 channels, 8x8 and 4x4."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, 4, 2, stride=2)
        self.second = nn.Conv2d(4, 4, 2, stride=2)

    def layer_features(self, x: Tensor, y: Tensor | None = None) -> list[Tensor]:
        first = self.first(x).relu()
        return [first, self.second(first).relu()]

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return self.layer_features(x)[-1].flatten(1)


class Noise(nn.Linear):
    z_dim = 2


def attached(judge: nn.Module, **settings: Any) -> Any:
    item = PLUGINS.zoo.find("regularizer", "reconstruction").load()(**settings)
    item.attach(judge, Noise(2, 2), SPEC)
    return item


def term(item: Any, judge: Any, x: Tensor) -> Tensor:
    return item.terms(Comparison.of(judge, nn.Identity(), x, torch.full_like(x, 9.0)))["reconstruction"]


def test_the_term_is_of_the_image_and_of_one_quadrant() -> None:
    """With decoders that return zeros, the mean sizes of both; the image is reduced to 8x8, the side of a quadrant."""
    torch.manual_seed(0)
    judge = Judge()
    item = attached(judge, weight=2.0)
    for decoder in judge.rebuild:  # type: ignore[union-attr]
        nn.init.zeros_(decoder[-2].weight)  # before the tanh
    x = torch.rand(3, 1, 16, 16) - 0.5
    whole = x.unfold(2, 2, 2).unfold(3, 2, 2).mean((4, 5)).abs().mean().item()
    corners = [x[:, :, i : i + 8, j : j + 8].abs().mean().item() for i in (0, 8) for j in (0, 8)]
    seen = {min(range(4), key=lambda k, v=value: abs(corners[k] - v)) for value in
            ((term(item, judge, x).item() / 2 - whole) for _ in range(30))}  # fmt: skip
    assert seen == {0, 1, 2, 3}
    assert term(item, judge, x).item() / 2 - whole in [pytest.approx(corner, rel=1e-4) for corner in corners]


def test_a_quadrant_of_the_image_goes_with_the_same_quadrant_of_the_map() -> None:
    x, y = torch.arange(16.0).view(1, 1, 4, 4), torch.arange(64.0).view(1, 1, 8, 8)
    for _ in range(8):
        small, large = same_quadrant(x, y)
        assert small.shape == (1, 1, 2, 2) and large.shape == (1, 1, 4, 4)
        assert large[0, 0, 0, 0].item() == {0: 0, 2: 4, 8: 32, 10: 36}[int(small[0, 0, 0, 0])]


def test_decoders_double_up_to_the_side_of_a_quadrant() -> None:
    assert Decoder(256, 3, start=8, size=128)(torch.zeros(2, 256, 8, 8)).shape == (2, 3, 128, 128)
    widths = [layer.out_channels for layer in Decoder(256, 3, start=8, size=128) if isinstance(layer, nn.Conv2d)]
    assert widths == [256, 128, 128, 64, 3]
    assert Decoder(4, 1, start=4, size=4)(torch.zeros(2, 4, 4, 4)).shape == (2, 1, 4, 4)


def test_it_trains_the_discriminator_with_its_decoders() -> None:
    judge = Judge()
    item = attached(judge)
    assert {name.partition(".")[0] for name in judge.state_dict()} == {"first", "second", "rebuild"}
    assert not isinstance(item, nn.Module)
    term(item, judge, torch.rand(3, 1, 16, 16)).backward()
    assert all(parameter.grad is not None for parameter in judge.parameters())


def test_augmented_samples_are_rebuilt() -> None:
    class Double(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return 2 * x

    judge = Judge()
    item = attached(judge)
    x = torch.rand(2, 1, 16, 16) / 2
    torch.manual_seed(3)
    expected = term(item, judge, 2 * x)
    torch.manual_seed(3)
    assert torch.equal(term(item, AugmentedDiscriminator(judge, [Double()]), x), expected)  # type: ignore[list-item]


def test_decoders_learn_to_rebuild() -> None:
    """The error of 8 pictures halves within 40 steps."""
    torch.manual_seed(0)
    judge = PLUGINS.zoo.find("discriminator", "fastgan").load()(SPEC, width=2)
    item = attached(judge)
    x = torch.where(torch.rand(8, 1, 4, 4) > 0.5, 1.0, -1.0).repeat_interleave(4, 2).repeat_interleave(4, 3)
    optimizer = torch.optim.Adam(judge.parameters(), lr=1e-2)
    errors = []
    for _ in range(40):
        loss = term(item, judge, x)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        errors.append(loss.item())
    assert sum(errors[-5:]) / 5 < errors[0] / 2


def test_discriminators_without_maps_are_refused() -> None:
    mlp = PLUGINS.zoo.find("discriminator", "mlp").load()(SPEC)
    for judge in (mlp, nn.Linear(2, 1)):
        with pytest.raises(IncompatibleError, match=r"the last two maps of layer_features\(\), and \w+ has none"):
            attached(judge)
    item = PLUGINS.zoo.find("regularizer", "reconstruction").load()()
    with pytest.raises(IncompatibleError, match="use fastgan, or leave it out"):
        item.attach(Judge(), nn.Identity(), SPEC)  # no generator from noise
