"""The procedure of pix2pix: who is shown what, who minimises what, and that it learns."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ganzoo import IncompatibleError, Move, Spec
from ganzoo.config import instantiate
from ganzoo.config.component import Blueprint
from helpers.support import PLUGINS, tiny, trained_on_digits
from judges.pairs import psnr

ZOO = PLUGINS.zoo
D, G = "discriminator", "generator"
TABLES = """
[dataset]
use = "digits"
[procedure]
use = "translation"
[transform]
use = "negative"
[generator]
use = "pix2pix"
width = 16
[discriminator]
use = "pix2pix"
width = 8
layers = 1
[loss]
use = "non_saturating"
d_weight = 0.5
[optimizer]
use = "adam"
lr = 2e-3
betas = [0.5, 0.999]
"""


def made(*changes: str, spec: Spec | None = None) -> Any:
    return instantiate.procedure(tiny(TABLES, *changes), spec or Spec((1, 8, 8), classes=10))


def moves(procedure: Any, x: Tensor) -> list[Move]:
    return list(procedure.step(iter([{"x": x}]), 0))


def test_the_discriminator_moves_first_then_the_generator() -> None:
    first, second = moves(made(), torch.rand(4, 1, 8, 8))
    assert {player: list(terms) for player, terms in first.items()} == {D: ["adversarial"]}
    assert {player: list(terms) for player, terms in second.items()} == {G: ["adversarial", "l1"]}


def test_a_step_moves_each_player_once_and_nobody_else() -> None:
    procedure = made()
    before = {name: p.clone() for name, p in procedure.named_parameters()}
    first, _ = procedure.step(iter([{"x": torch.rand(4, 1, 8, 8)}]), 0)
    g_gradients = torch.autograd.grad(sum(first[D].values()), procedure.G.parameters(), allow_unused=True)
    assert all(gradient is None for gradient in g_gradients)  # its fakes were detached
    assert all(torch.equal(p, before[name]) for name, p in procedure.named_parameters())
    assert all(p.grad is None for p in procedure.parameters())


def test_golden_values_when_logits_are_zero() -> None:
    """D's halved cross-entropy is ln 2, G's ln 2 and 100 times the mean error."""
    procedure = made("generator.dropout=0.0")
    nn.init.zeros_(procedure.D.head.weight)
    nn.init.zeros_(procedure.D.head.bias)
    x = torch.rand(4, 1, 8, 8)
    first, second = moves(procedure, x)
    assert first[D]["adversarial"].item() == pytest.approx(0.693147, abs=1e-5)
    assert second[G]["adversarial"].item() == pytest.approx(0.693147, abs=1e-5)
    expected = 100 * (procedure.translate(-x) - x).abs().mean()
    assert second[G]["l1"].item() == pytest.approx(expected.item(), rel=1e-4)


def test_l2_is_the_other_distance() -> None:
    procedure, x = (
        made("procedure.distance=l2", "procedure.weight=2.0", "generator.dropout=0.0"),
        torch.rand(4, 1, 8, 8),
    )
    term = moves(procedure, x)[1][G]["l2"]
    assert term.item() == pytest.approx(2 * (procedure.translate(-x) - x).square().mean().item(), rel=1e-4)


@pytest.mark.parametrize(("judged", "channels"), [("pairs", 4), ("outputs", 3)])
def test_the_judge_sees_the_input_beside_the_output_or_not(judged: str, channels: int) -> None:
    procedure = made(f"procedure.judged={judged}", "transform.use=grey", spec=Spec((3, 8, 8)))
    assert procedure.D.layers[0].in_channels == channels
    seen: list[Tensor] = []
    procedure.D.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    x = torch.rand(2, 3, 8, 8)
    moves(procedure, x)
    assert torch.equal(seen[0][:, -3:], x)
    if judged == "pairs":
        assert torch.equal(seen[0][:, :1], procedure.transform(x)) and torch.equal(seen[1][:, :1], seen[0][:, :1])


def test_inputs_of_fewer_pixels_are_shown_to_the_judge_enlarged() -> None:
    procedure = made("transform.use=downscale", "transform.factor=2", "generator.use=srgan", "generator.blocks=1")
    assert len(moves(procedure, torch.rand(2, 1, 8, 8))) == 2
    assert procedure.D.layers[0].in_channels == 2


def test_networks_that_do_not_fit_are_refused() -> None:
    with pytest.raises(IncompatibleError, match="draws from noise"):
        made("generator.use=mlp")
    with pytest.raises(IncompatibleError, match="keeps the size of its input"):
        made("transform.use=downscale", "transform.factor=2")
    with pytest.raises(IncompatibleError, match="no labels to give"):
        made("discriminator.use=cgan")


def trained(steps: int, *changes: str) -> tuple[Any, Tensor]:
    return trained_on_digits(tiny(TABLES, "run.batch_size=64", *changes), steps)


def test_it_learns_to_turn_a_negative_back() -> None:
    """The error falls to less than half of what doing nothing gives."""
    procedure, x = trained(100)
    with torch.no_grad():
        error = (procedure.translate(-x) - x).abs().mean().item()
    assert error < 0.5 * (2 * x).abs().mean().item()
    assert error < 0.2


def test_it_learns_to_remove_noise() -> None:
    procedure, x = trained(200, "transform.use=noise", "transform.sigma=0.2", "generator.dropout=0.0")
    torch.manual_seed(1)
    a, b = procedure.pairs({"x": x})
    with torch.no_grad():
        gain = psnr(procedure.translate(a), b) - psnr(a, b)
    assert gain > 2


def test_the_blueprint_takes_a_transform_or_none() -> None:
    parts = Blueprint(ZOO.find("procedure", "translation")).signature.parts
    assert parts["transform"].default is None
