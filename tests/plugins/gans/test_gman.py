"""GMAN: what the generator makes of several opinions, who learns from whom, and one discriminator as usual."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import ganzoo
from ganzoo import Batch, IncompatibleError, Spec
from ganzoo.config.component import Blueprint
from ganzoo.training.engine import Engine
from ganzoo_builtins.gans.gman import GMAN, Aggregate, GMANDiscriminator, GMANGenerator, Share
from ganzoo_builtins.procedures.adversarial import Adversarial
from helpers.judging import ring_modes
from helpers.support import PLUGINS, accelerator

POINTS, DIGITS = Spec((2,)), Spec((1, 28, 28), classes=10)
LOSSES = torch.tensor([0.5, 2.0, 1.0, 0.25])
SMALL = {"z_dim": 4, "hidden": [8, 8]}
MLP = [("generator", {"use": "mlp", **SMALL}), ("discriminator", {"use": "mlp", "hidden": [8]})]
CGAN = [("generator", {"use": "cgan", **SMALL}), ("discriminator", {"use": "cgan", "hidden": [8, 8]})]


def make(target: Any = GMAN, spec: Spec = POINTS, networks: Any = MLP, loss: str = "minimax", **more: Any) -> Any:
    torch.manual_seed(0)
    parts = {kind: {**table} for kind, table in [*networks, ("loss", {"use": loss})]}
    blueprints = {kind: Blueprint(PLUGINS.zoo.find(kind, table.pop("use")), table) for kind, table in parts.items()}
    return target(spec, **blueprints, **more)


def batches(spec: Spec = POINTS, n: int = 20) -> Any:
    noise = torch.Generator().manual_seed(7)
    while True:
        x = torch.rand(n, *spec.shape, generator=noise) * 2 - 1
        yield {"x": x, "y": torch.arange(n) % spec.classes} if spec.classes else {"x": x}


def train(procedure: Any, spec: Spec = POINTS, steps: int = 5) -> Any:
    def adam(player: str, owned: list[nn.Parameter]) -> torch.optim.Optimizer:
        return torch.optim.Adam(owned, lr=1e-2)

    engine, data = Engine(procedure, adam, accelerator()), batches(spec)
    torch.manual_seed(1)
    for t in range(steps):
        engine.step(data, t)
    return procedure


def test_a_hardness_of_zero_is_the_mean() -> None:
    assert Aggregate(0.0)(LOSSES) == LOSSES.mean()


def test_a_large_hardness_is_the_maximum() -> None:
    assert Aggregate(1e6)(LOSSES) == LOSSES.max() == 2
    losses = LOSSES.clone().requires_grad_()
    Aggregate(1e6)(losses).backward()
    assert torch.equal(losses.grad, torch.tensor([0.0, 1.0, 0.0, 0.0]))  # the harshest alone is heard


def test_between_them_the_harsh_weigh_more() -> None:
    """Worked by hand for l = (0, ln 3), lambda = 1: w = (1/4, 3/4), F = 3/4 ln 3."""
    F = Aggregate(1.0)(torch.tensor([0.0, 1.0986123]))
    assert F.item() == pytest.approx(0.75 * 1.0986123)
    levels = [Aggregate(hardness)(LOSSES).item() for hardness in (0.0, 0.5, 2.0, 10.0, 1e6)]
    assert levels == sorted(levels) and len(set(levels)) == 5


def test_the_gradient_goes_through_the_weights_too() -> None:
    """dF/dl_i = w_i (1 + lambda (l_i - F))."""
    losses = LOSSES.clone().requires_grad_()
    F = Aggregate(0.7)(losses)
    F.backward()
    w = (0.7 * LOSSES).softmax(0)
    torch.testing.assert_close(losses.grad, w * (1 + 0.7 * (LOSSES - F.detach())))


def test_a_learned_hardness_starts_from_minus_two_and_is_the_generators() -> None:
    procedure = make(hardness="learned")
    assert procedure.F.hardness().item() == pytest.approx(0.126928)  # softplus(-2)
    owned = [p for module in procedure.players()["generator"] for p in module.parameters()]
    assert any(p is procedure.F.v for p in owned)
    assert "F.v" in procedure.state_dict()
    assert train(procedure).F.v.item() < -2  # without a reward the generator prefers the mean
    assert train(make(hardness="learned", reward=10.0)).F.v.item() > -2


@pytest.mark.parametrize("hardness", [0.0, 3.0, 1e6, "learned"], ids=str)
@pytest.mark.parametrize("loss", ["non_saturating", "minimax", "hinge", "wasserstein"])
def test_one_discriminator_is_the_adversarial_procedure_to_the_bit(loss: str, hardness: Any) -> None:
    one, usual = make(loss=loss, discriminators=1, hardness=hardness), make(Adversarial, loss=loss)
    for made, expected in ((one, usual), (train(one), train(usual))):
        assert all(torch.equal(p, q) for p, q in zip(made.G.parameters(), expected.G.parameters(), strict=True))
        assert all(torch.equal(p, q) for p, q in zip(made.D[0].parameters(), expected.D.parameters(), strict=True))


@pytest.mark.parametrize("more", [{"discriminators": 3}, {"discriminators": 3, "batches": "shared"}], ids=str)
def test_fakes_are_made_for_the_labels_of_the_batch_beside_them(more: dict[str, Any]) -> None:
    procedure, labels = make(spec=DIGITS, networks=CGAN, **more), []
    for D in procedure.D:
        D.register_forward_pre_hook(lambda net, args: labels.append(args[1]))
    list(procedure.step(({**one, "y": one["y"].roll(k)} for k, one in enumerate(batches(DIGITS))), 0))
    assert all(torch.equal(real, fake) for real, fake in zip(labels[:6:2], labels[1:6:2], strict=True))
    assert all(torch.equal(real, fake) for real, fake in zip(labels[:6:2], labels[6:], strict=True))
    assert torch.equal(labels[0], labels[2]) == ("batches" in more)


def test_with_labels_and_dropout_too() -> None:
    one = train(make(spec=DIGITS, networks=CGAN, discriminators=1), DIGITS)
    usual = train(make(Adversarial, spec=DIGITS, networks=CGAN), DIGITS)
    assert one.conditional
    assert all(torch.equal(p, q) for p, q in zip(one.G.parameters(), usual.G.parameters(), strict=True))
    assert all(torch.equal(p, q) for p, q in zip(one.D.parameters(), usual.D.parameters(), strict=True))


def shown(procedure: GMAN, data: Iterator[Batch]) -> list[tuple[int, Tensor]]:
    """(discriminator, what it is shown), in order, over one step."""
    seen: list[tuple[int, Tensor]] = []
    for i, D in enumerate(procedure.D):
        D.register_forward_pre_hook(lambda net, args, i=i: seen.append((i, args[0])))
    list(procedure.step(data, 0))
    return seen


def test_each_discriminator_has_a_batch_of_its_own() -> None:
    procedure, drawn = make(discriminators=4), list(itertools.islice(batches(n=5), 4))
    seen = shown(procedure, iter(drawn))
    real, fakes, later = seen[:8:2], seen[1:8:2], seen[8:]
    assert [i for i, _ in later] == [0, 1, 2, 3] and procedure.batches_per_step == 4
    assert all(torch.equal(x, batch["x"]) for (_, x), batch in zip(real, drawn, strict=True))
    assert {tuple(x.shape) for _, x in fakes + later} == {(5, 2)}
    assert len(torch.cat([x for _, x in fakes + later]).unique(dim=0)) == 40  # all made from other noise


def test_or_all_have_the_same_one() -> None:
    procedure, batch = make(discriminators=4, batches="shared"), next(batches(n=6))
    seen = shown(procedure, iter([batch]))
    assert procedure.batches_per_step == 1
    assert all(torch.equal(x, batch["x"]) for _, x in seen[:8:2])
    assert all(torch.equal(x, seen[1][1]) for _, x in seen[1:8:2])
    assert all(torch.equal(x, seen[8][1]) for _, x in seen[8:])


def test_a_discriminator_learns_from_its_own_loss_alone() -> None:
    procedure = make(discriminators=3)
    move, _ = list(procedure.step(batches(), 0))
    assert list(move["discriminator"]) == ["adversarial_0", "adversarial_1", "adversarial_2"]
    for i in range(3):
        procedure.zero_grad()
        move["discriminator"][f"adversarial_{i}"].backward()
        heard = [all(p.grad is not None and p.grad.any() for p in D.parameters()) for D in procedure.D]
        assert heard == [k == i for k in range(3)]
        assert all(p.grad is None for p in procedure.G.parameters())


def test_discriminators_start_apart_and_move_together() -> None:
    procedure = make(discriminators=3)
    starts = [D.head.weight.detach().clone() for D in procedure.D]
    assert not torch.equal(starts[0], starts[1])
    train(procedure, steps=1)
    assert all(not torch.equal(start, D.head.weight) for start, D in zip(starts, procedure.D, strict=True))


def test_the_harshest_alone_moves_the_generator() -> None:
    """The gradient of the aggregate is that of the largest loss."""
    procedure = make(discriminators=3, hardness=1e6)
    data = list(itertools.islice(batches(), 3))
    torch.manual_seed(3)
    _, move = list(procedure.step(iter(data), 0))
    move["generator"]["adversarial"].backward()
    got = [p.grad.clone() for p in procedure.G.parameters()]
    procedure.zero_grad()
    torch.manual_seed(3)
    procedure.G.prior(60)  # the discriminators' fakes
    reals = [Share(batch["x"], None) for batch in data]
    losses = procedure._losses(reals, procedure._fakes(reals), 0)[0]
    losses.max().backward()
    assert move["generator"]["adversarial"] == losses.max() > losses.min()
    for gradient, p in zip(got, procedure.G.parameters(), strict=True):
        torch.testing.assert_close(gradient, p.grad)


def test_dropout_is_spread_as_in_the_code() -> None:
    networks = [("generator", {"use": "gman", "width": 2}), ("discriminator", {"use": "gman", "width": 2})]
    procedure = make(spec=Spec((1, 32, 32)), networks=networks, dropout="spread")
    shares = [{round(1 - part.p, 6) for part in D.modules() if isinstance(part, nn.Dropout)} for D in procedure.D]
    assert shares == [{0.44}, {0.48}, {0.52}, {0.56}, {0.6}]
    alike = make(spec=Spec((1, 32, 32)), networks=networks)
    assert {part.p for part in alike.modules() if isinstance(part, nn.Dropout)} == {0.5}


def test_refusals_say_what_to_do() -> None:
    with pytest.raises(
        IncompatibleError, match=r"MLPDiscriminator drops nothing\. Use a discriminator with dropout, or set"
    ):
        make(dropout="spread")
    with pytest.raises(IncompatibleError, match=r'a lambda that is learned: set hardness = "learned"'):
        make(reward=1.0)
    with pytest.raises(IncompatibleError, match="Use a conditional network for both"):
        make(spec=DIGITS, networks=[CGAN[0], MLP[1]])
    with pytest.raises(
        IncompatibleError, match=r"generator gman needs images whose side is divisible by 8, not 28: add"
    ):
        GMANGenerator(Spec((1, 28, 28)))


def test_the_networks_layers() -> None:
    """Widths 4w, 2w, w from 4x4 to 32x32, and w, 2w, 4w back; counted by hand for w = 32 and one channel."""
    with torch.device("meta"):
        G, D = GMANGenerator(Spec((1, 32, 32))), GMANDiscriminator(Spec((1, 32, 32)))
    deconvolutions = (100 * 16 + 1) * 128 + (128 * 25) * 64 + 64 + (64 * 25) * 32 + 32 + 32 * 25 + 1
    assert sum(p.numel() for p in G.parameters()) == deconvolutions + 2 * (128 + 64 + 32)
    convolutions = 9 * 32 + 32 + (32 * 9) * 64 + 64 + (64 * 9) * 128 + 128
    assert sum(p.numel() for p in D.parameters()) == convolutions + 128 * 64 + 1


@pytest.mark.slow
def test_five_discriminators_find_all_modes_of_the_ring(tmp_path: Path) -> None:
    """Seeds 0, 1 and 2 found all eight, with 56, 59 and 56 % of high quality."""
    run = ganzoo.train("gman_ring", {"run.steps": 800}, out=tmp_path)
    modes = ring_modes(ganzoo.load(run).sample(2500, seed=0))
    assert modes.modes == 8
    assert modes.quality > 0.45
