"""The DCGAN with ELU and dropout: what dropout does where, and three optimizers over two networks."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from ganzoo import Batch, IncompatibleError, Spec
from ganzoo.config import instantiate, resolver
from ganzoo.config.recipe import Recipe
from ganzoo.runs import checkpoint
from ganzoo.sampling.run import Run
from ganzoo.training import memory
from ganzoo.training.engine import Engine
from ganzoo.training.optim import optimizer_factory
from ganzoo_builtins.gans.cgan import CGANDiscriminator, CGANGenerator
from ganzoo_builtins.gans.dcgan_elu import DCGANEluDiscriminator, DCGANEluGenerator, SplitDiscriminator
from ganzoo_builtins.losses.non_saturating import NonSaturating
from helpers.support import PLUGINS, TINY, accelerator, train, weights_hash

SPEC = Spec((1, 8, 8))
FLOOR = 0.25 * math.log(2)


def generator(**settings: Any) -> DCGANEluGenerator:
    torch.manual_seed(0)
    return DCGANEluGenerator(SPEC, z_dim=4, width=4, **settings)


def discriminator(**settings: Any) -> DCGANEluDiscriminator:
    torch.manual_seed(0)
    return DCGANEluDiscriminator(SPEC, width=4, **settings)


def test_as_printed_two_pictures_of_one_z_differ_and_repaired_they_agree() -> None:
    z = torch.randn(3, 4)
    printed, repaired = generator(always=True).eval(), generator().eval()
    assert not torch.equal(printed(z), printed(z))
    assert torch.equal(repaired(z), repaired(z))
    assert not torch.equal(repaired.train()(z), repaired(z))  # it does drop in training


def test_dropout_falls_on_a_quarter_of_the_logits_as_printed_and_on_none_repaired() -> None:
    x = torch.rand(1, 1, 8, 8).expand(4000, -1, -1, -1)
    printed = discriminator(always=True, drop_logit=True)
    assert (printed(x) == 0).float().mean().item() == pytest.approx(0.25, abs=0.03)
    logits = discriminator(dropout=0.0)(x)[0]
    assert discriminator(dropout=0.25).eval()(x)[0] == logits
    assert discriminator()(x).all()  # repaired: no logit is zero


def test_dropout_on_the_logit_is_the_floor_of_the_losses() -> None:
    """0.25 ln 2 = 0.1733, although this discriminator is always right, and as sure as can be."""
    D = discriminator(drop_logit=True)
    with torch.no_grad():
        D.head.weight.zero_()
        D.head.bias.fill_(1e4)
        real = D(torch.rand(20_000, 1, 8, 8))
        D.head.bias.fill_(-1e4)
        fake = D(torch.rand(20_000, 1, 8, 8))
    loss = NonSaturating().discriminator(real, fake).item()
    assert loss == pytest.approx(2 * FLOOR, abs=0.01)
    assert pytest.approx(0.173287, abs=1e-6) == FLOOR


def test_inverted_labels_are_the_same_losses_of_the_negated_logit() -> None:
    """The slides ask for 0 on real samples and 1 on fakes, and their generator for 0."""
    D, batch = discriminator(dropout=0.0), {"x": torch.rand(5, 1, 8, 8)}
    procedure = SplitDiscriminator(SPEC, lambda spec: generator(dropout=0.0), lambda spec: D)  # type: ignore[arg-type]
    torch.manual_seed(1)
    (move,) = procedure.step(iter([batch]), 0)
    torch.manual_seed(1)
    real, fake = -D(batch["x"]), -D(procedure.sample(5))
    zero, one = torch.zeros(5), torch.ones(5)
    for player, logits, label in (
        ("discriminator_real", real, zero), ("discriminator_fake", fake, one), ("generator", fake, zero),
    ):  # fmt: skip
        expected = binary_cross_entropy_with_logits(logits, label)
        torch.testing.assert_close(move[player]["cross_entropy"], expected)


def test_z_is_normal_around_its_mean() -> None:
    torch.manual_seed(0)
    for mean in (0.0, -1.0):
        z = generator(z_mean=mean).prior(20_000)
        assert z.mean().item() == pytest.approx(mean, abs=0.02)
        assert z.std().item() == pytest.approx(1, abs=0.02)


def test_weights_start_within_two_deviations() -> None:
    for net in (DCGANEluGenerator(Spec((1, 28, 28))), DCGANEluDiscriminator(Spec((1, 28, 28)))):
        for name, parameter in net.named_parameters():
            deviation = 0.01 if name.endswith("bias") else 0.02
            assert parameter.abs().max() <= 2 * deviation
            if parameter.numel() > 1000:  # a normal number within two deviations deviates by 0.88 of one
                assert parameter.std().item() == pytest.approx(0.88 * deviation, rel=0.05)


def test_labels_are_refused() -> None:
    digits = Spec((1, 8, 8), classes=10)
    with pytest.raises(IncompatibleError, match="not conditional"):
        SplitDiscriminator(digits, CGANGenerator, CGANDiscriminator)  # type: ignore[arg-type]


def split(d_pretrain: int = 0) -> SplitDiscriminator:
    return SplitDiscriminator(
        SPEC, lambda spec: generator(), lambda spec: discriminator(), d_pretrain=d_pretrain  # type: ignore[arg-type]
    )  # fmt: skip


def batches() -> Iterator[Batch]:
    noise = torch.Generator().manual_seed(0)
    while True:
        yield {"x": torch.rand(6, 1, 8, 8, generator=noise)}


def test_three_optimizers_equal_a_loop_by_hand() -> None:
    procedure = split(d_pretrain=2)
    twin = copy.deepcopy(procedure)

    def adam(parameters: Any) -> torch.optim.Optimizer:
        return torch.optim.Adam(parameters, lr=1e-3)

    engine = Engine(procedure, lambda player, owned: adam(owned), accelerator())
    torch.manual_seed(5)
    for t, batch in zip(range(5), batches(), strict=False):
        engine.step(iter([batch]), t)
    d_weights, g_weights = [*twin.D.parameters()], [*twin.G.parameters()]
    for_real, for_fake, for_g = adam(d_weights), adam(d_weights), adam(g_weights)
    softplus = torch.nn.functional.softplus
    torch.manual_seed(5)
    for t, batch in zip(range(5), batches(), strict=False):
        x_fake = twin.G(twin.G.prior(6))
        real, fake = twin.D(batch["x"]), twin.D(x_fake)
        of_real = torch.autograd.grad(softplus(-real).mean(), d_weights, retain_graph=True)
        of_fake = torch.autograd.grad(softplus(fake).mean(), d_weights, retain_graph=True)
        of_g = torch.autograd.grad(softplus(-fake).mean(), g_weights)
        for optimizer, weights, gradients in (
            (for_real, d_weights, of_real), (for_fake, d_weights, of_fake), (for_g, g_weights, of_g),
        ):  # fmt: skip
            if optimizer is for_g and t < 2:
                continue
            for weight, gradient in zip(weights, gradients, strict=True):
                weight.grad = gradient
            optimizer.step()
    assert all(torch.equal(p, q) for p, q in zip(procedure.parameters(), twin.parameters(), strict=True))


def test_the_generator_stays_until_the_discriminator_is_trained() -> None:
    procedure = split(d_pretrain=2)
    before = copy.deepcopy(procedure.G)
    engine = Engine(procedure, lambda player, owned: torch.optim.Adam(owned), accelerator())
    still = []
    for t, batch in zip(range(3), batches(), strict=False):
        engine.step(iter([batch]), t)
        still.append(all(torch.equal(p, q) for p, q in zip(procedure.G.parameters(), before.parameters(), strict=True)))
    assert still == [True, True, False]


def recipe(*assignments: str) -> Recipe:
    tree = {table: dict(settings) for table, settings in TINY.items() if table != "loss"}
    tree["procedure"] = {"use": "split_discriminator"}
    resolver.override(tree, assignments, PLUGINS.zoo)
    return resolver.resolve(tree, PLUGINS.zoo, "split.toml", name="split")


def test_a_checkpoint_holds_three_optimizers_over_two_networks_and_goes_on_from_them(tmp_path: Path) -> None:
    straight = train(recipe("run.steps=9", "procedure.d_pretrain=3"), tmp_path)
    begun = train(recipe("run.steps=4", "procedure.d_pretrain=3"), tmp_path / "parts")
    again = Run.open(begun.folder)
    assert weights_hash(train(again.recipe(PLUGINS.zoo, ["run.steps=9"]), tmp_path, again)) == weights_hash(straight)
    tensors = checkpoint.read(straight.latest).tensors["optimizer"]
    moments = {player: tensors[f"{player}.0.exp_avg"] for player in ("discriminator_real", "discriminator_fake")}
    assert not torch.equal(*moments.values())
    assert {name.partition(".")[0] for name in tensors} == {*moments, "generator"}


def test_memory_counts_shared_weights_once_and_every_optimizer() -> None:
    d, g = 2 * 8 + 8 + 8 + 1, 4 * 8 + 8 + 8 * 8 + 8 + 2 * 8 + 8 * 2 + 2  # weights of tiny()'s two networks
    dataset = instantiate.dataset(recipe())
    with torch.device("meta"):
        procedure = instantiate.procedure(recipe(), dataset.spec)
    statistics = 8 + 8 + 2
    weights, gradients, moments = d + g, d + g, 2 * (2 * d + g)
    needed = memory.need(dataset, procedure, optimizer_factory(recipe().optimizer), recipe().run.batch_size)
    assert needed.networks == 4 * (weights + gradients + moments + statistics)
