"""BEGAN: the controller by hand, who moves how often, and the layers."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ganzoo import Discriminator, Generator, IncompatibleError, Spec
from ganzoo.registry.discovery import load
from ganzoo.training.engine import Engine
from ganzoo_builtins.gans.began import BEGAN
from helpers.learning import trained
from helpers.support import accelerator

ZOO = load().zoo
SPEC = Spec((1,))


class Told(Discriminator):
    """The error of a sample is its first number times a weight of one."""

    def __init__(self, spec: Spec):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(()))
        self.passes = 0

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return x

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        self.passes += 1
        return -self.weight * x[:, 0]


class Same(Generator):
    """Makes one number, whatever the noise."""

    z_dim = 1

    def __init__(self, spec: Spec, value: float = 0.05):
        super().__init__()
        self.value = nn.Parameter(torch.tensor(value))

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        return self.value.expand(len(z), 1)


def made(fake: float = 0.05, **settings: Any) -> Any:
    return BEGAN(SPEC, lambda spec: Same(spec, fake), Told, **settings)  # type: ignore[arg-type]


def step(procedure: Any, real: float = 0.2) -> Any:
    """The one move of a step; what stands behind it has been done as well."""
    (move,) = list(procedure.step(iter([{"x": torch.full((4, 1), real)}]), 0))
    return move


def total(terms: Any) -> float:
    return sum(term.item() for term in terms.values())


def test_golden_numbers() -> None:
    """L(x) = 0.2, L(G(z)) = 0.05, k = 0, gamma = 0.5, gain = 0.001."""
    procedure = made()
    move = step(procedure)
    assert list(move) == ["discriminator", "generator"]
    assert total(move["discriminator"]) == pytest.approx(0.2)
    assert total(move["generator"]) == pytest.approx(0.05)
    assert procedure.k.item() == pytest.approx(5e-5)
    assert procedure.logged["measure"].item() == pytest.approx(0.25)


def test_the_discriminator_weighs_fakes_by_k() -> None:
    procedure = made()
    procedure.k.fill_(0.4)
    move = step(procedure)
    assert total(move["discriminator"]) == pytest.approx(0.2 - 0.4 * 0.05)
    assert total(move["generator"]) == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("k", "real", "fake", "after"),
    [
        (0.5, 0.4, 0.1, 0.5 + 0.1 * 0.1),  # fakes are rebuilt too well: push them up harder
        (0.5, 0.4, 0.3, 0.5 - 0.1 * 0.1),  # and too badly: rather learn the data
        (0.5, 0.4, 0.2, 0.5),  # balance
        (0.0, 0.1, 0.9, 0.0),
        (1.0, 4.0, 0.1, 1.0),
    ],
    ids=["up", "down", "balance", "floor", "ceiling"],
)
def test_the_controller(k: float, real: float, fake: float, after: float) -> None:
    procedure = made(fake, gain=0.1)
    procedure.k.fill_(k)
    step(procedure, real)
    assert procedure.k.item() == pytest.approx(after)


def test_k_changes_after_the_move_and_carries_no_graph() -> None:
    procedure = made(gain=1.0)
    moves = procedure.step(iter([{"x": torch.full((4, 1), 0.2)}]), 0)
    next(moves)
    assert procedure.k == 0
    assert next(moves, None) is None
    assert procedure.k.item() == pytest.approx(0.05) and not procedure.k.requires_grad


def test_k_is_in_the_checkpoint() -> None:
    procedure, other = made(), made()
    step(procedure)
    other.load_state_dict(procedure.state_dict())
    assert other.k == procedure.k > 0


def test_both_move_once_in_a_step_and_fakes_are_judged_once() -> None:
    procedure = made()
    engine = Engine(procedure, lambda player, owned: torch.optim.SGD(owned, lr=0.1), accelerator())
    procedure.k.fill_(0.5)
    engine.step(iter([{"x": torch.full((4, 1), 0.2)}]), 0)
    assert engine.moved == {"discriminator": 1, "generator": 1}
    assert procedure.D.passes == 2
    # D: d/dw (0.2 w - 0.5 * 0.05 w); G: d/dv of v at the weight as it was before the move
    assert procedure.D.weight.item() == pytest.approx(1 - 0.1 * (0.2 - 0.5 * 0.05))
    assert procedure.G.value.item() == pytest.approx(0.05 - 0.1)


def test_any_discriminator_that_is_an_auto_encoder_shows_what_it_rebuilds() -> None:
    networks = (ZOO.find("generator", "mlp").load(), ZOO.find("discriminator", "autoencoder").load())
    spec = Spec((1, 8, 8))
    procedure = BEGAN(spec, *networks)
    x = torch.rand(64, 1, 8, 8) * 2 - 1
    panel = procedure.panels({"x": x})["rebuilt"]
    assert panel.samples.shape == (64, 1, 8, 8) and panel.columns == 8
    assert torch.equal(panel.samples[:8], x[:8])
    assert torch.equal(panel.samples[8:16], procedure.D.rebuild(x[:32])[:8])
    assert made().panels({"x": x}) == {}


def test_conditional_networks_are_refused() -> None:
    networks = (ZOO.find("generator", "cgan").load(), ZOO.find("discriminator", "cgan").load())
    with pytest.raises(IncompatibleError, match="procedure BEGAN has no labels to give"):
        BEGAN(Spec((1, 28, 28), classes=10), *networks)


def test_the_generator_and_the_decoder_have_the_same_layers() -> None:
    spec = Spec((3, 64, 64))
    with torch.device("meta"):
        G = ZOO.find("generator", "began").load()(spec)
        D = ZOO.find("discriminator", "began").load()(spec)
    assert [type(layer) for layer in G.layers] == [type(layer) for layer in D.decode]
    assert [p.shape for p in G.parameters()] == [p.shape for p in D.decode.parameters()]
    # 64 -> 64*8*8; four resolutions of two convolutions; the last one to pixels
    conv = 64 * 64 * 9 + 64
    assert sum(p.numel() for p in G.parameters()) == 65 * 64 * 64 + 8 * conv + 64 * 3 * 9 + 3
    widths = [layer.out_channels for layer in D.encode if isinstance(layer, nn.Conv2d)]
    assert widths == [64, 64, 64, 128, 128, 128, 192, 192, 192, 256, 256, 256]


def test_pixels_are_linear_in_training_and_cut_off_in_samples() -> None:
    torch.manual_seed(0)
    G = ZOO.find("generator", "began").load()(Spec((1, 16, 16)), width=4)
    with torch.no_grad():
        G.layers[-1].weight.mul_(1000)
    z = G.prior(4)
    assert z.abs().max() <= 1 and z.min() < -0.9
    linear = G(z)
    assert linear.abs().max() > 1
    assert torch.equal(G.eval()(z), linear.clamp(-1, 1))


@pytest.mark.slow
def test_errors_come_into_balance_and_the_measure_falls() -> None:
    """8x8 digits, gamma = 0.5. Seen with seeds 0, 1, 2: L(G(z)) / L(x) 0.500, 0.500, 0.516 over the last 200 steps; the
    measure down by 76, 77 and 76 % from the first 50."""
    run = trained(
        700,
        batch_size=16,
        procedure={"use": "began", "gamma": 0.5, "gain": 0.01},
        generator={"use": "began", "z_dim": 16, "width": 8},
        discriminator={"use": "began", "z_dim": 16, "width": 8},
        optimizer={"use": "adam", "lr": 1e-3, "betas": [0.5, 0.999]},
    )
    real, fake = run.terms["discriminator/real"], run.terms["generator/fake"]
    measure = real + (0.5 * real - fake).abs()
    assert (fake[-200:].mean() / real[-200:].mean()).item() == pytest.approx(0.5, abs=0.1)
    assert measure[-200:].mean() <= 0.6 * measure[:50].mean()
    assert 0 < run.procedure.k < 1
