"""SRGAN: its size, its two stages, and that it beats interpolation."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from ganzoo import IncompatibleError, Spec
from ganzoo.config import instantiate
from ganzoo_builtins.gans.srgan import SRGANDiscriminator, SRGANGenerator
from helpers.support import tiny, trained_on_digits
from judges.pairs import enlarged, psnr

D, G = "discriminator", "generator"
TABLES = """
[dataset]
use = "digits"
[transform]
use = "downscale"
factor = 2
[procedure]
use = "srgan"
pretrain = 5
[generator]
use = "srgan"
width = 16
blocks = 2
[discriminator]
use = "srgan"
width = 4
hidden = [16]
[loss]
use = "non_saturating"
[optimizer]
use = "adam"
lr = 2e-3
"""


def made(*changes: str) -> Any:
    return instantiate.procedure(tiny(TABLES, *changes), Spec((1, 8, 8), classes=10))


def moves(procedure: Any, t: int, n: int = 4) -> Any:
    return list(procedure.step(iter([{"x": torch.rand(n, 1, 8, 8)}]), t))


def test_the_generator_has_the_published_size() -> None:
    with torch.device("meta"):
        net = SRGANGenerator(Spec((3, 96, 96)))
        assert sum(p.numel() for p in net.parameters()) == 1_549_462
        assert net.source_shape == (3, 24, 24)
        assert net(torch.empty(2, 3, 24, 24)).shape == (2, 3, 96, 96)


@pytest.mark.parametrize("scale", [2, 4, 8])
def test_each_doubling_is_a_shuffle_of_pixels(scale: int) -> None:
    net = SRGANGenerator(Spec((3, 16, 32)), Spec((1, 16 // scale, 32 // scale)), width=4, blocks=1)
    assert sum(isinstance(module, nn.PixelShuffle) for module in net.modules()) == scale.bit_length() - 1
    assert net(torch.rand(2, 1, 16 // scale, 32 // scale)).shape == (2, 3, 16, 32)


def test_the_discriminator_sees_a_sixteenth_of_the_side() -> None:
    net = SRGANDiscriminator(Spec((3, 96, 96)), width=2, hidden=[8])
    assert net.layers(torch.rand(1, 3, 96, 96)).shape == (1, 16 * 6 * 6)
    assert net.features(torch.rand(2, 3, 96, 96)).shape == (2, 8)


def test_the_generator_is_alone_until_pretraining_is_over() -> None:
    procedure = made()
    assert [{player: list(terms) for player, terms in move.items()} for move in moves(procedure, 4)] == [
        {G: ["pixels"]}
    ]
    assert [{player: list(terms) for player, terms in move.items()} for move in moves(procedure, 5)] == [
        {D: ["adversarial"]},
        {G: ["adversarial", "pixels", "features"]},
    ]
    assert list(moves(made("procedure.features=0.0"), 5)[1][G]) == ["adversarial", "pixels"]


def test_the_second_stage_starts_from_what_the_first_has_learned_and_a_fresh_judge() -> None:
    fresh = made("run.seed=0")
    procedure, _ = trained_on_digits(tiny(TABLES, "run.batch_size=16"), 5)
    assert all(torch.equal(p, q) for p, q in zip(procedure.D.parameters(), fresh.D.parameters(), strict=True))
    assert any(not torch.equal(p, q) for p, q in zip(procedure.G.parameters(), fresh.G.parameters(), strict=True))


def test_golden_values_when_logits_are_zero() -> None:
    procedure = made("procedure.weight=0.5", "procedure.features=0.25")
    nn.init.zeros_(procedure.D.head.weight)
    nn.init.zeros_(procedure.D.head.bias)
    procedure.eval()
    x = torch.rand(4, 1, 8, 8)
    first, second = procedure.step(iter([{"x": x}]), 5)
    assert first[D]["adversarial"].item() == pytest.approx(1.386294, abs=1e-5)
    assert second[G]["adversarial"].item() == pytest.approx(0.5 * 0.693147, abs=1e-5)
    with torch.no_grad():
        fake = procedure.translate(procedure.transform(x))
        like, target = procedure.D.features(fake), procedure.D.features(x)
    assert second[G]["pixels"].item() == pytest.approx((fake - x).square().mean().item(), rel=1e-4)
    unlike = (like - target).square().mean() / target.square().mean()
    assert second[G]["features"].item() == pytest.approx(0.25 * unlike.item(), rel=1e-4)


def test_sizes_that_are_no_power_of_two_apart_are_refused() -> None:
    with pytest.raises(IncompatibleError, match=r"enlarges by 2, 4, 8.*downscale"):
        SRGANGenerator(Spec((1, 12, 12)), Spec((1, 4, 4)))
    with pytest.raises(IncompatibleError, match="enlarges by 2, 4, 8"):
        made("transform.use=noise")


def test_the_first_stage_beats_bicubic_interpolation() -> None:
    """By 2 dB at least, on digits that it was not trained on, 4x4 -> 8x8. Seen: 4.3."""
    procedure, x = trained_on_digits(tiny(TABLES, "run.batch_size=64", "procedure.pretrain=1000"), 80)
    a, b = procedure.pairs({"x": x})
    with torch.no_grad():
        drawn = procedure.translate(a)
    bicubic = enlarged(a, b)
    assert bicubic is not None and psnr(drawn, b) > psnr(bicubic, b) + 2
