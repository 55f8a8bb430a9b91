"""PPGN: who moves in which stage, the chain against the equation, and the three checks of a trained one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ganzoo import Batch, IncompatibleError, Spec
from ganzoo.config import instantiate
from ganzoo.config.component import Blueprint
from ganzoo.data.loader import Batches
from ganzoo.training.engine import Engine
from ganzoo.utils.modes import sampling
from ganzoo_builtins.datasets.digits import Digits
from ganzoo_builtins.gans.ppgn import PPGN, PPGNDiscriminator, PPGNGenerator
from helpers.judging import Referee
from helpers.support import PLUGINS, accelerator

SPEC = Spec((1, 8, 8), classes=10)
CPU = torch.device("cpu")


def part(kind: str, name: str = "ppgn", **settings: Any) -> Blueprint:
    return Blueprint(PLUGINS.zoo.find(kind, name), settings)


def made(spec: Spec = SPEC, z_dim: int = 16, width: int = 4, **settings: Any) -> PPGN:
    torch.manual_seed(0)
    small = {"z_dim": z_dim, "width": width}
    D, G = part("discriminator", **small), part("generator", **small)
    return PPGN(spec, G, D, D, part("loss", "non_saturating"), **settings)


def batches() -> Iterator[Batch]:
    while True:
        yield {"x": torch.rand(6, 1, 8, 8) * 2 - 1, "y": torch.arange(6)}


@pytest.mark.parametrize("size", [4, 7, 8, 28, 30, 32])
def test_networks_fit_squares_of_any_side(size: int) -> None:
    spec = Spec((3, size, size), classes=2)
    G, D = PPGNGenerator(spec, z_dim=8, width=2), PPGNDiscriminator(spec, z_dim=8, width=2)
    h = D.features(G(torch.randn(2, 8)))
    assert h.shape == (2, 8) and h.min() >= 0


def test_the_classifier_learns_first_and_alone() -> None:
    procedure = made(pretrain=2)
    moves = [[player for move in procedure.step(batches(), t) for player in move] for t in range(4)]
    assert moves == [["classifier"]] * 2 + [["discriminator", "generator"]] * 2


def test_the_classifier_stays_as_it_is_afterwards() -> None:
    procedure = made(pretrain=1)
    engine = Engine(procedure, lambda player, own: torch.optim.Adam(own, lr=1e-2), accelerator())
    data = batches()
    engine.step(data, 0)
    classifier = [p.clone() for p in procedure.E.parameters()]
    others = [p.clone() for net in (procedure.G, procedure.D) for p in net.parameters()]
    engine.step(data, 1)
    assert all(torch.equal(p, q) for p, q in zip(classifier, procedure.E.parameters(), strict=True))
    now = [p for net in (procedure.G, procedure.D) for p in net.parameters()]
    assert any(not torch.equal(p, q) for p, q in zip(others, now, strict=True))


def test_the_terms_of_the_generator_are_the_equation() -> None:
    procedure = made(pretrain=0, pixel=2.0, early=7.0, feature=3.0, adversarial=5.0)
    batch = next(batches())
    _, move = procedure.step(iter([batch]), 0)
    h = procedure.E.features(batch["x"])
    again = procedure.G(h)
    maps = procedure.E.layers[:-2]  # all but the fully connected layer and its ReLU
    expected = {
        "early": 7 * (maps(again) - maps(batch["x"])).square().mean(),
        "pixel": 2 * (again - batch["x"]).square().mean(),
        "feature": 3 * (procedure.E.features(again) - h).square().mean(),
        "adversarial": 5 * nn.functional.softplus(-procedure.D(again)).mean(),
    }
    assert move["generator"].keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(move["generator"][name], value)


def test_without_the_term_at_the_earlier_layer() -> None:
    procedure = made(pretrain=0, early=0.0)
    _, move = procedure.step(batches(), 0)
    assert [*move["generator"]] == ["pixel", "feature", "adversarial"]


def test_the_earlier_layer_of_other_classifiers() -> None:
    """Of fully connected ones it is the layer before the last; of convolutions alone there is none to take."""
    mlp = part("discriminator", "mlp", hidden=[12, 16])
    procedure = PPGN(SPEC, part("generator", z_dim=16, width=4), part("discriminator"), mlp, part("loss", "hinge"))
    x = next(batches())["x"]
    h1, h = procedure.codes(x)
    torch.testing.assert_close(h1, procedure.E.layers[:3](x))  # flattened, linear, LeakyReLU
    assert (h1.shape, h.shape) == ((6, 12), (6, 16))
    assert not any(module._forward_pre_hooks for module in procedure.E.modules())
    with pytest.raises(IncompatibleError, match=r"no fully connected layer .* add procedure\.early=0"):
        large = Spec((1, 16, 16), classes=10)
        maps = part("discriminator", "dcgan", width=4)
        wide = part("generator", z_dim=128, width=4)
        PPGN(large, wide, part("discriminator"), maps, part("loss", "hinge"))


def test_a_step_of_the_chain_is_the_equation() -> None:
    procedure = made(eps1=0.3, eps2=2.0, eps3=0.5)
    h, y = procedure.start(4), torch.tensor([1, 2, 3, 4])
    torch.manual_seed(1)
    with torch.no_grad():
        walked = procedure.walk(h, y)
    torch.manual_seed(1)
    noise = torch.randn(4, 16)
    leaf = h.clone().requires_grad_()
    code = procedure.E.features(procedure.G(leaf))
    log_p = procedure.E.head(code).log_softmax(1)[range(4), y]
    (up,) = torch.autograd.grad(log_p.sum(), leaf)
    torch.testing.assert_close(walked, (h + 0.3 * (code - h) + 2 * up + 0.5 * noise).clamp(min=0).detach())


def test_a_chain_leaves_no_gradient_behind() -> None:
    procedure = made(iterations=2)
    with sampling(procedure, CPU, 0):
        x = procedure.sample(3, torch.arange(3))
    assert not x.requires_grad and all(p.grad is None for p in procedure.parameters())


def test_codes_to_start_from_are_like_those_of_real_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ganzoo_builtins.gans.ppgn.PACE", 0.5)
    procedure = made(pretrain=0)
    x = torch.rand(64, 1, 8, 8)
    for _ in range(12):
        next(procedure.step(iter([{"x": x, "y": torch.zeros(64, dtype=torch.long)}]), 0))
    h = procedure.E.features(x)
    torch.testing.assert_close(procedure.mean, h.mean(0), atol=0.01, rtol=0)
    torch.testing.assert_close(procedure.spread, h.std(0), atol=0.01, rtol=0)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(IncompatibleError, match=r"generator takes 8 numbers.*16 features.*generator\.z_dim=16"):
        D = part("discriminator", z_dim=16, width=4)
        PPGN(SPEC, part("generator", z_dim=8, width=4), D, D, part("loss", "hinge"))
    with pytest.raises(IncompatibleError, match="no labels"):
        made(Spec((1, 8, 8)))
    with pytest.raises(IncompatibleError, match="features"):  # of convolutions with batch norm, which are many
        PPGN(SPEC, part("generator"), part("discriminator"), part("discriminator", "mlp"), part("loss", "hinge"))


@pytest.fixture(scope="module")
def trained() -> PPGN:
    procedure = made(z_dim=48, width=8, pretrain=150)
    digits = Digits()
    data = Batches.of(digits, 64, 0, CPU)
    engine = Engine(procedure, lambda player, own: torch.optim.Adam(own, lr=2e-3, betas=(0.5, 0.999)), accelerator())
    for t in range(450):
        engine.step(data, t)
    instantiate.check_fit(procedure, digits.spec)
    return procedure.eval()


@pytest.mark.slow
def test_the_chain_climbs(trained: PPGN, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the gradient alone, 50 steps make the class more probable, in nearly every chain."""
    monkeypatch.setattr(trained, "eps1", 0.0)
    monkeypatch.setattr(trained, "eps3", 0.0)
    torch.manual_seed(0)
    y = torch.arange(200) % 10
    h = trained.start(200)
    before = log_probability(trained, h, y)
    for _ in range(50):
        h = trained.walk(h, y)
    assert (log_probability(trained, h, y) > before).float().mean() >= 0.95


@pytest.mark.slow
def test_real_codes_come_back(trained: PPGN) -> None:
    """E(G(h)) is nearly h for the features of real samples: they are nearly fixed points of the chain's prior."""
    x = next(Batches.of(Digits(), 500, 1, CPU))["x"]
    with torch.no_grad():
        h = trained.E.features(x)
        moved = (trained.E.features(trained.G(h)) - h).norm(dim=1) / h.norm(dim=1)
    assert moved.mean() < 0.12


@pytest.mark.slow
def test_another_classifier_reads_what_was_asked_for(trained: PPGN) -> None:
    y = torch.arange(500) % 10
    with sampling(trained, CPU, 0):
        read = Referee().judge(trained.sample(500, y)).read
    assert (read == y).float().mean() >= 0.85


def log_probability(procedure: PPGN, h: Tensor, y: Tensor) -> Tensor:
    with torch.no_grad():
        logits = procedure.E.head(procedure.E.features(procedure.G(h)))
    return logits.log_softmax(1).gather(1, y[:, None]).squeeze(1)
