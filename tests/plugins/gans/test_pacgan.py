"""PacGAN: what is packed, how many logits there are, and a pack of one as usual."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import nn

from ganzoo import Batch, IncompatibleError, Spec
from ganzoo.config.component import Blueprint
from ganzoo.training.engine import Engine
from ganzoo_builtins.gans.pacgan import PacGAN, packed
from ganzoo_builtins.procedures.adversarial import Adversarial
from helpers.support import PLUGINS, accelerator

POINTS, IMAGES = Spec((2,)), Spec((3, 8, 8))


def blueprint(kind: str, name: str, **settings: Any) -> Blueprint:
    return Blueprint(PLUGINS.zoo.find(kind, name), settings)


def make(target: Any = PacGAN, spec: Spec = POINTS, regularizer: str = "", **settings: Any) -> Any:
    torch.manual_seed(0)
    networks = blueprint("generator", "mlp", z_dim=4, hidden=[8, 8]), blueprint("discriminator", "mlp", hidden=[8])
    regularizers = [blueprint("regularizer", regularizer)] if regularizer else []
    return target(spec, *networks, blueprint("loss", "non_saturating"), regularizers, **settings)


def batches(spec: Spec = POINTS, n: int = 12) -> Iterator[Batch]:
    noise = torch.Generator().manual_seed(7)
    while True:
        yield {"x": torch.randn(n, *spec.shape, generator=noise)}


def train(procedure: Any, spec: Spec = POINTS) -> Any:
    engine = Engine(procedure, lambda player, owned: torch.optim.Adam(owned, lr=1e-2), accelerator())
    data = batches(spec)
    torch.manual_seed(1)
    for t in range(4):
        engine.step(data, t)
    return procedure


def test_samples_lie_beside_each_other_along_the_channels() -> None:
    """The first pack of three holds the first three samples, whole and in order."""
    judge = packed(blueprint("discriminator", "mlp", hidden=[8]), IMAGES, 3)
    seen: list[Any] = []
    judge.D.register_forward_pre_hook(lambda net, args: seen.append(args[0]))
    x = torch.randn(6, *IMAGES.shape)
    assert judge(x).shape == (2,) and judge.features(x).shape == (2, 8)
    assert seen[0].shape == (2, 9, 8, 8)
    assert torch.equal(seen[0][0], torch.cat([x[0], x[1], x[2]]))
    assert torch.equal(seen[0][1], torch.cat([x[3], x[4], x[5]]))


def test_only_the_first_layer_grows() -> None:
    usual, packed = make(Adversarial), make(pack=4)
    shapes = [tuple(p.shape) for p in usual.D.parameters()], [tuple(p.shape) for p in packed.D.parameters()]
    assert shapes == ([(8, 2), (8,), (1, 8), (1,)], [(8, 8), (8,), (1, 8), (1,)])
    assert all(torch.equal(p, q) for p, q in zip(usual.G.parameters(), packed.G.parameters(), strict=True))


def test_a_pack_of_one_is_the_adversarial_procedure_to_the_bit() -> None:
    one, usual = train(make(pack=1, g_steps=2, d_steps=2)), train(make(Adversarial, g_steps=2, d_steps=2))
    assert all(torch.equal(p, q) for p, q in zip(one.parameters(), usual.parameters(), strict=True))


def test_a_logit_for_each_pack_of_real_and_of_fake_samples() -> None:
    procedure = make(pack=3)
    list(procedure.step(batches(), 0))
    assert procedure.logged["real"].shape == procedure.logged["fake"].shape == (4,)


@pytest.mark.parametrize("regularizer", ["gradient_penalty", "r1", "weight_clipping", "spectral_norm"])
def test_penalties_see_the_discriminator_of_packs(regularizer: str) -> None:
    before = make(regularizer=regularizer, spec=IMAGES)
    after = train(make(regularizer=regularizer, spec=IMAGES), IMAGES)
    pairs = zip(before.parameters(), after.parameters(), strict=True)
    assert all(q.isfinite().all() and not torch.equal(p, q) for p, q in pairs)


def test_a_dead_pack_is_told_from_a_living_one() -> None:
    """One sample twice is no pack of a real set: a discriminator of packs learns that, one of samples cannot."""
    torch.manual_seed(0)
    errors = {}
    for pack in (1, 2):
        judge = packed(blueprint("discriminator", "mlp", hidden=[32]), Spec((1,)), pack)
        optimizer = torch.optim.Adam(judge.parameters(), lr=1e-2)
        for _ in range(300):
            real, same = torch.randn(256, 1), torch.randn(128, 1).repeat_interleave(2, 0)
            loss = nn.functional.softplus(-judge(real)).mean() + nn.functional.softplus(judge(same)).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        errors[pack] = loss.item()
    assert errors[1] > 1.3 and errors[2] < 0.6  # 2 ln 2 = 1.386 is to know nothing


def test_refusals_say_what_to_do() -> None:
    with pytest.raises(IncompatibleError, match=r"12 samples do not make packs of 5. Set run.batch_size=10"):
        list(make(pack=5).step(batches(), 0))
    with pytest.raises(IncompatibleError, match=r"a pack has no label.*Use networks without labels"):
        packed(blueprint("discriminator", "cgan"), Spec((2,), classes=3), 2)
    with pytest.raises(IncompatibleError, match="packs numbers, not token ids: choose a dataset"):
        packed(blueprint("discriminator", "mlp"), Spec((9,), vocab=5), 2)
