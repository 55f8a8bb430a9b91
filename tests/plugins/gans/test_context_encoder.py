"""The Context Encoder: its size, what is hidden from it, what its errors cost, and that it fills holes."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ganzoo import IncompatibleError, Spec
from ganzoo.config import instantiate
from ganzoo_builtins.gans.context_encoder import ContextEncoderGenerator
from helpers.support import tiny, trained_on_digits
from judges.pairs import psnr

D, G = "discriminator", "generator"
TABLES = """
[dataset]
use = "digits"
size = 16
[procedure]
use = "context_encoder"
overlap = 1
[generator]
use = "context_encoder"
width = 16
bottleneck = 64
[discriminator]
use = "mlp"
hidden = [32]
[loss]
use = "non_saturating"
[optimizer]
use = "adam"
lr = 2e-4
betas = [0.5, 0.999]
[optimizer.generator]
lr = 2e-3
"""


def made(*changes: str) -> Any:
    return instantiate.procedure(tiny(TABLES, *changes), Spec((1, 16, 16), classes=10))


def moves(procedure: Any, x: Tensor) -> Any:
    return list(procedure.step(iter([{"x": x}]), 0))


def test_the_generator_has_the_size_of_the_authors_code() -> None:
    with torch.device("meta"):
        net = ContextEncoderGenerator(Spec((3, 64, 64)))
        assert sum(p.numel() for p in net.parameters()) == 71_130_531
        assert net.source_shape == (3, 128, 128)
        assert net(torch.empty(2, 3, 128, 128)).shape == (2, 3, 64, 64)


def test_the_hole_is_the_middle_without_the_band() -> None:
    procedure, x = made(), torch.rand(3, 1, 16, 16)
    a, b = procedure.pairs({"x": x})
    hidden = a != x
    assert b is x and hidden[..., 5:11, 5:11].all() and not hidden[..., :5, :].any() and hidden.sum() == 3 * 36


def test_samples_are_whole_pictures_with_another_middle() -> None:
    procedure, x = made().eval(), torch.rand(3, 1, 16, 16)
    out = procedure.translate(x)
    changed = out != x
    assert changed[..., 4:12, 4:12].all() and changed.sum() == 3 * 64
    other = x.clone()
    other[..., 5:11, 5:11] = 0  # nobody looks there
    torch.testing.assert_close(procedure.translate(other), out)


def test_errors_in_the_band_cost_ten_times_as_much() -> None:
    """At the seam, and 1 inside; times 0.999, beside 0.001 of the adversarial term, which is ln 2 for zero logits."""
    procedure = made()
    nn.init.zeros_(procedure.D.head.weight)
    nn.init.zeros_(procedure.D.head.bias)
    fake = torch.zeros(2, 1, 8, 8)
    procedure.G.forward = lambda a, y=None: fake.requires_grad_()
    x = torch.full((2, 1, 16, 16), 0.5)
    first, second = moves(procedure, x)
    assert first[D]["adversarial"].item() == pytest.approx(1.386294, abs=1e-5)
    assert second[G]["adversarial"].item() == pytest.approx(0.001 * 0.693147, abs=1e-7)
    assert second[G]["l2"].item() == pytest.approx(0.999 * 0.25 * (28 * 10 + 36) / 64, rel=1e-5)


def test_the_discriminator_sees_the_middle_alone_and_moves_first() -> None:
    procedure, seen = made(), []
    procedure.D.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    x = torch.rand(2, 1, 16, 16)
    first, second = moves(procedure, x)
    assert torch.equal(seen[0], x[..., 4:12, 4:12]) and all(one.shape == (2, 1, 8, 8) for one in seen)
    assert (list(first), list(second)) == ([D], [G])
    assert not seen[1].requires_grad and seen[2].requires_grad


def test_pictures_without_such_a_middle_are_refused() -> None:
    with pytest.raises(IncompatibleError, match="room for a hole in its half, not 16"):
        made("procedure.overlap=4")
    with pytest.raises(IncompatibleError, match=r"3 to 7 times a power of two.*not 9"):
        ContextEncoderGenerator(Spec((1, 9, 9)))


def test_it_fills_a_hole_better_than_one_colour() -> None:
    """By 6 dB at least than the mean of what surrounds it, on digits that it was not trained on. Seen: 9.9."""
    procedure, x = trained_on_digits(tiny(TABLES, "run.batch_size=64"), 80)
    a, _ = procedure.pairs({"x": x})
    with torch.no_grad():
        drawn = procedure.translate(a)
    hole = (..., slice(5, 11), slice(5, 11))
    assert psnr(drawn[hole], x[hole]) > psnr(a[hole], x[hole]) + 6
