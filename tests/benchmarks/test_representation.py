"""The linear classifier on a discriminator's features: the features, and its accuracy with them."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_max_pool2d

import ganzoo
import representation
from ganzoo import Discriminator, Spec
from ganzoo_builtins.gans.dcgan import DCGANDiscriminator
from ganzoo_builtins.gans.mlp import MLPDiscriminator
from helpers.support import tiny, train

SMALL = """
[dataset]
use = "digits"
size = 16
[generator]
use = "dcgan"
width = 4
z_dim = 8
[discriminator]
use = "dcgan"
width = 8
"""


def test_every_convolution_gives_what_it_passes_on() -> None:
    """Behind norm and activation, in order, pooled to 4x4; the head is not asked."""
    torch.manual_seed(0)
    D, x = DCGANDiscriminator(Spec((3, 32, 32)), width=4).eval(), torch.rand(5, 3, 32, 32)
    first = D.layers[:2](x)  # (5, 4, 16, 16)
    second = D.layers[2:5](first)  # (5, 8, 8, 8)
    third = D.layers[5:8](second)  # (5, 16, 4, 4)
    by_hand = [adaptive_max_pool2d(found, 4).flatten(1) for found in (first, second, third)]
    assert torch.equal(representation.pooled(D, x), torch.cat(by_hand, 1))
    assert [found.shape[1] for found in by_hand] == [64, 128, 256]
    assert not any(module._forward_hooks for module in D.modules())


def test_small_maps_are_taken_as_they_are() -> None:
    class Tiny(Discriminator):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.Sequential(nn.Conv2d(1, 2, 3, stride=2), nn.ReLU(inplace=True), nn.Flatten())

        def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
            return self.layers(x)

        def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
            return self.features(x).sum(1)

    D, x = Tiny(), torch.rand(3, 1, 6, 6)
    assert torch.equal(representation.pooled(D, x), D.features(x))  # 2x2 already


def test_a_network_without_convolutions_is_refused() -> None:
    with pytest.raises(SystemExit, match="MLPDiscriminator has no convolutions"):
        representation.pooled(MLPDiscriminator(Spec((1, 8, 8)), hidden=[4]), torch.rand(2, 1, 8, 8))


def test_examples_held_out_are_not_trained_on() -> None:
    dataset = ganzoo.config.instantiate.dataset(tiny('[dataset]\nuse = "glyphs"\nn = 60\n'))
    held, seen = representation.examples(dataset, 12, 0, 3), representation.examples(dataset, 100, 12, 3)
    assert (len(held.y), len(seen.y)) == (12, 48)
    both = torch.cat([held.x, seen.x])
    assert torch.equal(both.flatten(1).sum(1).sort().values, whole(dataset).flatten(1).sum(1).sort().values)


def whole(dataset: ganzoo.Dataset) -> Tensor:
    return representation.examples(dataset, len(dataset), 0, 0).x


@pytest.mark.slow
def test_digits_are_told_apart_by_their_features(tmp_path: Path) -> None:
    run = train(tiny(SMALL, "run.steps=20"), tmp_path)
    found = representation.measure(run, train=600, held=300)
    assert (found["images"], found["held"]) == (600, 300)
    for name in ("pixels", "untrained", "trained"):
        assert found[name] > 0.85, name
    assert "raw pixels 9" in representation.sentence(found)
