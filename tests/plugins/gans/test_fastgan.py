"""FastGAN: sizes, gates, two judgements, noise."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from ganzoo import IncompatibleError, Spec
from ganzoo_builtins.gans import fastgan
from ganzoo_builtins.gans.fastgan import FastGANDiscriminator, FastGANGenerator, SkipLayerExcitation

SMALL = Spec((1, 16, 16))


@pytest.mark.parametrize(
    ("side", "widths", "gates"),
    [
        (256, [1024, 512, 256, 128, 128, 64, 32], [(1024, 128), (512, 64), (256, 32)]),  # 4 -> 64, 8 -> 128, 16 -> 256
        (64, [1024, 512, 256, 128, 128], [(1024, 128), (512, 128)]),  # 4 -> 32, 8 -> 64
        (32, [1024, 512, 256, 128], [(1024, 128)]),
        (28, [512, 256, 128], [(512, 128)]),  # 7 -> 28
    ],
)
def test_widths_and_gates_of_the_generator(side: int, widths: list[int], gates: list[tuple[int, int]]) -> None:
    with torch.device("meta"):
        G = FastGANGenerator(Spec((3, side, side)))
    doubled = [layers[1].out_channels // 2 for layers in G.doublings]
    assert [G.first[0].out_channels // 2, *doubled] == widths
    assert [(item.gate[0].in_channels, item.gate[0].out_channels) for item in G.excitations] == gates
    assert [sum(isinstance(layer, nn.Conv2d) for layer in layers) for layers in G.doublings][:4] == [2, 1, 2, 1][
        : len(widths) - 1
    ]


def test_the_discriminator_of_256_pixels_judges_5_by_5_patches_twice() -> None:
    with torch.device("meta"):
        D = FastGANDiscriminator(Spec((3, 256, 256)))
        maps = D.layer_features(torch.empty(1, 3, 256, 256))
        assert [tuple(m.shape[1:]) for m in maps] == [(2048 >> k, 4 << k, 4 << k) for k in (6, 5, 4, 3, 2, 1)]
        assert D(torch.empty(2, 3, 256, 256)).shape == (2, 2, 5, 5)
    assert len(D.excitations) == 3 and D.medium == 128


def test_a_gate_of_zero_halves_each_channel() -> None:
    """The sigmoid of zero is 1/2; the gate is one factor for a whole channel."""
    torch.manual_seed(0)
    gate = SkipLayerExcitation(3, 5)
    small, large = torch.randn(2, 3, 7, 7), torch.randn(2, 5, 9, 9)
    factors = gate(small, large) / large
    torch.testing.assert_close(factors, factors[:, :, :1, :1].expand_as(factors))
    nn.init.zeros_(gate.gate[-1].weight)
    torch.testing.assert_close(gate(small, large), large / 2)


def test_noise_has_no_strength_at_first() -> None:
    torch.manual_seed(0)
    G = FastGANGenerator(SMALL, z_dim=4, width=2).eval()
    z = G.prior(2)
    assert torch.equal(G(z), G(z))
    with torch.no_grad():
        next(layer for layer in G.modules() if isinstance(layer, fastgan.Noise)).strength.fill_(0.5)
    assert not torch.equal(G(z), G(z))


def test_the_second_judgement_is_of_the_image_at_half_its_side() -> None:
    torch.manual_seed(0)
    D = FastGANDiscriminator(SMALL, width=2).eval()
    x = torch.randn(2, 1, 16, 16)
    pairs = torch.tensor([1.0, -1.0]).repeat(8)  # what the mean of two pixels does not show
    assert torch.allclose(D(x)[:, 1], D(x + pairs)[:, 1], atol=1e-5)
    assert not torch.allclose(D(x)[:, 0], D(x + pairs)[:, 0], atol=1e-5)


def test_other_sides_are_refused() -> None:
    with pytest.raises(IncompatibleError, match="4 to 8 times a power of two"):
        FastGANGenerator(Spec((1, 42, 42)))
