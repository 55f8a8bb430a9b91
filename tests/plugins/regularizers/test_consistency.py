"""LeCam, bCR, zCR and the approximate R1 and R2: golden values, closed forms, and which player each moves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ganzoo import AugmentedDiscriminator, Comparison, IncompatibleError, Spec
from ganzoo.config import instantiate
from ganzoo.registry.discovery import load
from ganzoo.testing.stand_ins import SmallDiscriminator
from ganzoo_builtins.augmentations.instance_noise import InstanceNoise
from helpers.support import compared, tiny

ZOO = load().zoo


def regularizer(name: str, **settings: Any) -> Any:
    return ZOO.find("regularizer", name).load()(**settings)


def linear(x: Tensor) -> Tensor:
    return x.flatten(1) @ torch.tensor([3.0, 4.0]).to(x)


R, F = torch.tensor([1.0, -0.5]), torch.tensor([0.3, -1.2])


def judged(real: Tensor, fake: Tensor, **more: Any) -> Comparison:
    """Return a comparison of samples that got these logits."""
    x = torch.zeros(len(real), 2)
    return replace(compared(linear, x, x), real_logits=real, fake_logits=fake, **more)


def test_lecam_has_the_value_of_its_formula() -> None:
    """Anchors .4 and -.6: [1.6, .1]+ and [.1, 1.6]+, so 2 * (2.56 + .01) / 2."""
    lecam = regularizer("lecam", weight=1.0, decay=0.99)
    lecam.real_mean.fill_(0.4)
    lecam.fake_mean.fill_(-0.6)
    lecam._average = lambda *_: None
    assert lecam.terms(judged(R, F))["lecam"].item() == pytest.approx(2.57)
    beyond = judged(torch.tensor([-0.7, -0.8]), torch.tensor([0.5, 0.6]))
    assert lecam.terms(beyond)["lecam"] == 0


def test_lecam_averages_logits_over_moves_and_processes() -> None:
    lecam = regularizer("lecam", decay=0.5)
    lecam.terms(judged(R, F))
    assert lecam.real_mean.item() == pytest.approx(0.25) and lecam.fake_mean.item() == pytest.approx(-0.45)
    lecam.terms(judged(R + 1, F))  # the plain mean of two
    assert lecam.real_mean.item() == pytest.approx(0.75) and lecam.fake_mean.item() == pytest.approx(-0.45)
    lecam.terms(judged(R + 1, F, over_processes=lambda mean: mean.detach() + 1))
    assert lecam.real_mean.item() == pytest.approx((0.75 + 2.25) / 2)
    late = regularizer("lecam", start=2)
    assert late.terms(judged(R, F, step=1)) == {} and late.terms(judged(R + 1, F, step=1)) == {}
    assert late.real_mean.item() == pytest.approx(1.25)
    assert "lecam" in late.terms(judged(R, F, step=2))


@pytest.mark.parametrize(("name", "exact"), [("approximate_r1", "r1"), ("approximate_r2", "r2")])
def test_finite_differences_tend_to_the_gradient(name: str, exact: str) -> None:
    """On a linear critic weight * std^2 * 25, R1 of the weight 2 * weight * std^2; on x^2 / 2 nearly so."""
    torch.manual_seed(0)
    x = torch.randn(40_000, 2)
    (term,) = regularizer(name).terms(compared(linear, x, x)).values()
    assert term.item() == pytest.approx(0.25, rel=0.03)
    assert regularizer(exact, weight=0.02).terms(compared(linear, x, x))[exact].item() == pytest.approx(0.25)

    def quadratic(x: Tensor) -> Tensor:
        return x.square().sum(1) / 2

    (near,) = regularizer(name, weight=5e5, std=1e-3).terms(compared(quadratic, x.double(), x.double())).values()
    (limit,) = regularizer(exact, weight=1.0).terms(compared(quadratic, x, x)).values()
    assert near.item() == pytest.approx(limit.item(), rel=0.03)


def test_each_looks_at_its_samples() -> None:
    real, fake = torch.zeros(1000, 2), torch.ones(1000, 2)

    def flat_at_zero(x: Tensor) -> Tensor:
        return torch.where(x.mean(1) > 0.5, linear(x), 0.0)

    assert regularizer("approximate_r1").terms(compared(flat_at_zero, real, fake))["approximate_r1"] == 0
    assert regularizer("approximate_r2").terms(compared(flat_at_zero, real, fake))["approximate_r2"] > 0.2


@pytest.mark.parametrize("name", ["approximate_r1", "bcr"])
def test_both_passes_have_the_same_augmentation(name: str) -> None:
    """Noise of its own in each pass would add 2 * 25 * std^2, here 50, to the squared difference of 0."""
    torch.manual_seed(0)
    network = SmallDiscriminator(Spec((2,)))
    network.forward = lambda x, y=None: linear(x)  # type: ignore[method-assign]
    D = AugmentedDiscriminator(network, [InstanceNoise(std=1.0)])
    x = torch.randn(2000, 2)
    settings = {"weight": 1.0, "std": 1e-4} | ({"fake_weight": 0.0} if name == "bcr" else {})
    (term,) = regularizer(name, **settings).terms(compared(D, x, x)).values()
    assert term.item() == pytest.approx(25e-8, rel=0.1)


def test_bcr_compares_samples_with_changed_ones() -> None:
    torch.manual_seed(0)
    x = torch.randn(3000, 1, 1, 2)
    mirrored = (3 - 4) ** 2 * (x[..., 0] - x[..., 1]).square().mean().item() / 2  # half of them, w = (3, 4)
    terms = regularizer("bcr", fake_weight=1.0).terms(compared(linear, x, 2 * x))
    assert terms["bcr_real"].item() == pytest.approx(10 * mirrored, rel=0.1)
    assert terms["bcr_fake"].item() == pytest.approx(4 * mirrored, rel=0.1)
    assert regularizer("bcr", mirror=False).terms(compared(linear, x, x))["bcr_real"] == 0
    assert set(regularizer("bcr", fake_weight=0).terms(compared(linear, x, x))) == {"bcr_real"}


def test_bcr_shifts_by_up_to_an_eighth_and_mirrors_at_the_border() -> None:
    torch.manual_seed(0)
    row = torch.arange(16.0).view(1, 1, 1, 16).expand(200, 1, 16, 16)
    shifted = regularizer("bcr", mirror=False).changed(row)[:, 0, 0]  # (200, 16)
    kinds = {tuple(values) for values in shifted.long().tolist()}
    assert len(kinds) == 5 and (2, 1, *range(14)) in kinds and (*range(2, 16), 14, 13) in kinds


class Codes(nn.Module):
    """G(z) = 2 z."""

    z_dim = 2

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        return 2 * z


def test_zcr_has_a_term_for_each_player() -> None:
    """G(z') - G(z) = 2 std noise: D changes by 4 std^2 * 25 on average, and G by 4 std^2."""
    torch.manual_seed(0)
    z = torch.randn(40_000, 2)
    comparison = Comparison.of(nn.Identity(), Codes(), z, 2 * z, judge=linear, source=z)
    zcr = regularizer("zcr", weight=1.0, g_weight=1.0, std=0.05, limit=1.0)
    assert zcr.terms(comparison)["zcr"].item() == pytest.approx(4 * 0.05**2 * 25, rel=0.03)
    assert zcr.generator_terms(comparison)["zcr"].item() == pytest.approx(1 - 4 * 0.05**2, rel=1e-3)
    with pytest.raises(IncompatibleError, match="needs the codes that fakes were generated from"):
        zcr.terms(replace(comparison, source=None))
    with pytest.raises(IncompatibleError, match="this generator has none"):
        zcr.attach(nn.Identity(), nn.Identity(), Spec((2,)))


def test_zcr_pushes_samples_apart_and_no_further_than_its_limit() -> None:
    scale = torch.tensor(1.0, requires_grad=True)
    comparison = Comparison.of(
        nn.Identity(), Codes(), torch.zeros(8, 2), scale * torch.ones(8, 2), source=torch.zeros(8, 2)
    )
    torch.manual_seed(0)
    regularizer("zcr").generator_terms(comparison)["zcr"].backward()
    assert scale.grad is not None and scale.grad < 0  # a descent moves fakes away from G(z')
    assert regularizer("zcr", limit=1e-6).generator_terms(comparison)["zcr"] == 0


def test_zcr_is_refused_where_codes_are_not_told() -> None:
    recipe = tiny('[procedure]\nuse = "gman"\ndiscriminators = 2\n[[regularizer]]\nuse = "zcr"\n')
    with pytest.raises(IncompatibleError, match="this procedure does not tell them: use another procedure"):
        instantiate.procedure(recipe, instantiate.dataset(recipe).spec)


@pytest.mark.parametrize("name", ["approximate_r1", "approximate_r2", "bcr"])
def test_token_ids_are_refused(name: str) -> None:
    with pytest.raises(IncompatibleError, match="token ids: leave it out"):
        regularizer(name).attach(nn.Identity(), nn.Identity(), Spec((4,), vocab=9))


@pytest.mark.parametrize("name", ["approximate_r1", "approximate_r2", "lecam", "bcr"])
def test_compiled_networks_take_them(name: str) -> None:
    recipe = tiny(f'[[regularizer]]\nuse = "{name}"\n')
    instantiate.check_compile(instantiate.procedure(recipe, instantiate.dataset(recipe).spec))
