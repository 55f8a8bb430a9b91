"""The losses against their closed forms, worked out by hand and in float64."""

import math

import pytest
import torch

from ganzoo.registry.discovery import load

ZOO = load().zoo
REAL = torch.tensor([1.0, -0.5], dtype=torch.float64)
FAKE = torch.tensor([0.3, -1.2], dtype=torch.float64)
KINDS = ["non_saturating", "least_squares", "hinge"]


def loss(name, **settings):
    return ZOO.find("loss", name).load()(**settings)


@pytest.mark.parametrize(
    ("name", "settings", "d", "g"),
    [
        ("minimax", {}, 1.202488, -0.558819),
        ("non_saturating", {}, 1.202488, 1.008819),
        ("non_saturating", {"real_label": 0.9}, 1.227488, 1.008819),
        ("non_saturating", {"d_weight": 0.5}, 0.601244, 1.008819),
        ("least_squares", {}, 0.945, 1.3325),
        ("least_squares", {"a": -1.0, "b": 1.0, "c": 0.0}, 0.995, 0.3825),
        ("least_squares", {"g_weight": 1.0}, 0.945, 2.665),
        ("wasserstein", {}, -0.7, 0.45),
        ("hinge", {}, 1.4, 0.45),
        ("relativistic", {}, 0.403186, 1.103186),
        ("relativistic_average", {}, 0.929183, 2.329183),
        ("relativistic_average", {"kind": "least_squares"}, 1.305, 6.905),
        ("relativistic_average", {"kind": "hinge"}, 1.05, 3.4),
    ],
)
def test_golden_numbers(name, settings, d, g):
    component = loss(name, **settings)
    assert component.discriminator(REAL, FAKE).item() == pytest.approx(d, abs=1e-6)
    assert component.generator(REAL if component.uses_real else None, FAKE).item() == pytest.approx(g, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "settings", "d", "g"),
    [
        ("minimax", {}, 2 * math.log(2), -math.log(2)),
        ("non_saturating", {}, 2 * math.log(2), math.log(2)),
        ("non_saturating", {"real_label": 0.9}, 2 * math.log(2), math.log(2)),
        ("non_saturating", {"d_weight": 0.5}, math.log(2), math.log(2)),
        ("least_squares", {}, 0.5, 0.5),
        ("wasserstein", {}, 0, 0),
        ("hinge", {}, 2, 0),
        ("energy", {"margin": 3.0}, 3, 0),
        ("relativistic", {}, math.log(2), math.log(2)),
        ("relativistic_average", {}, 2 * math.log(2), 2 * math.log(2)),
        ("relativistic_average", {"kind": "least_squares"}, 2, 2),
        ("relativistic_average", {"kind": "hinge"}, 2, 2),
    ],
)
def test_where_the_discriminator_knows_nothing(name, settings, d, g):
    zeros = torch.zeros(4)
    component = loss(name, **settings)
    assert component.discriminator(zeros, zeros).item() == pytest.approx(d)
    assert component.generator(zeros if component.uses_real else None, zeros).item() == pytest.approx(g)


def test_wasserstein_reports_its_estimate_of_the_distance():
    """The critic's loss with its sign turned; the other losses estimate none."""
    component = loss("wasserstein")
    assert component.report(REAL, FAKE)["wasserstein_estimate"].item() == pytest.approx(0.7)


@pytest.mark.parametrize("name", ["non_saturating", "minimax", "hinge", "least_squares"])
@pytest.mark.parametrize(
    ("real", "fake", "expected"),
    [([2.0, 3.0], [-1.0, -2.0], 1.0), ([2.0, -3.0], [-1.0, -2.0], 0.75), ([5.0, 6.0], [4.0, 3.0], 0.5)],
    ids=["all right", "one of four wrong", "all called real, though in the right order"],
)
def test_the_accuracy_at_the_threshold(name: str, real: list[float], fake: list[float], expected: float) -> None:
    """Logits around zero, or around the middle between the two targets."""
    middle = 0.5 if name == "least_squares" else 0.0
    report = loss(name).report(torch.tensor(real) + middle, torch.tensor(fake) + middle)
    assert report["d_accuracy"].item() == expected


def test_an_output_at_the_threshold_counts_half_and_both_kinds_count_alike() -> None:
    real, fake = torch.zeros(3), torch.tensor([-1.0])
    assert loss("non_saturating").report(real, fake)["d_accuracy"].item() == 0.75
    pairs = loss("least_squares", a=-1, b=1, c=0).report(real, fake)
    assert pairs["d_accuracy"].item() == 0.75


def test_least_squares_at_its_optimum():
    half = torch.full((3,), 0.5)
    assert loss("least_squares").discriminator(half, half).item() == 0.25
    assert loss("least_squares").generator(None, half).item() == 0.125


def test_non_saturating_is_binary_cross_entropy_on_probabilities():
    p, q = REAL.sigmoid(), FAKE.sigmoid()
    expected = -(0.9 * p.log() + 0.1 * (1 - p).log()).mean() - (1 - q).log().mean()
    assert loss("non_saturating", real_label=0.9).discriminator(REAL, FAKE).item() == pytest.approx(expected.item())


def test_smoothing_is_one_sided():
    """Smoothed real samples have their minimum at the logit of 0.9; fakes are still pushed down without end."""
    smoothed = loss("non_saturating", real_label=0.9)
    real = torch.tensor([math.log(9.0)], dtype=torch.float64, requires_grad=True)
    fake = torch.tensor([-20.0], dtype=torch.float64, requires_grad=True)
    smoothed.discriminator(real, fake).backward()
    assert real.grad.item() == pytest.approx(0, abs=1e-12)
    assert fake.grad.item() > 0


def test_the_saturating_gradient_vanishes_where_the_other_does_not():
    """Goodfellow et al. 2014, section 3: a fake that D has seen through (logit -20) gets no gradient from minimax."""
    for name, gradient in (("minimax", 0.0), ("non_saturating", -1.0)):
        fake = torch.tensor([-20.0], requires_grad=True)
        loss(name).generator(None, fake).backward()
        assert fake.grad.item() == pytest.approx(gradient, abs=1e-6)


def test_hinge_ignores_samples_beyond_the_margin():
    real = torch.tensor([1.5, 0.5], requires_grad=True)
    fake = torch.tensor([-1.5, -0.5], requires_grad=True)
    loss("hinge").discriminator(real, fake).backward()
    assert real.grad.tolist() == [0.0, -0.5]
    assert fake.grad.tolist() == [0.0, 0.5]


@pytest.mark.parametrize("entry", ZOO.entries("loss"), ids=lambda entry: entry.full_name)
@pytest.mark.parametrize("logit", [1e4, -1e4])
def test_extreme_logits_stay_finite(entry, logit):
    component = entry.load()()
    real = torch.full((3,), logit, requires_grad=True)
    fake = torch.full((3,), -logit, requires_grad=True)
    for value in (component.discriminator(real, fake), component.generator(real, fake)):
        assert value.isfinite()
        gradients = torch.autograd.grad(value, [real, fake], allow_unused=True)
        assert all(gradient.isfinite().all() for gradient in gradients if gradient is not None)


def test_energy_is_minus_the_logit():
    """EBGAN's energies: real 0.2 and 0.4, fake 0.5 and 1.3, margin 1."""
    real, fake = torch.tensor([-0.2, -0.4]), torch.tensor([-0.5, -1.3])
    assert loss("energy").discriminator(real, fake).item() == pytest.approx(0.3 + 0.5 / 2)
    assert loss("energy").generator(None, fake).item() == pytest.approx(0.9)


def test_energy_pushes_fakes_up_to_the_margin_and_no_further():
    fake = torch.tensor([-0.5, -1.3], requires_grad=True)
    loss("energy").discriminator(torch.zeros(2), fake).backward()
    assert fake.grad.tolist() == [0.5, 0.0]  # a larger logit is a lower energy


def test_soft_labels_are_drawn_for_each_sample_from_their_range():
    """The gradient of cross-entropy at a logit of zero is 1/2 less the target."""
    torch.manual_seed(0)
    soft = loss("non_saturating", real_label=[0.7, 1.2], fake_label=[0.0, 0.3])
    real, fake = (torch.zeros(4000, requires_grad=True) for _ in range(2))
    soft.discriminator(real, fake).backward()
    for logits, low, high in ((real, 0.7, 1.2), (fake, 0.0, 0.3)):
        targets = 0.5 - 4000 * logits.grad
        assert targets.min() == pytest.approx(low, abs=0.01) and targets.max() == pytest.approx(high, abs=0.01)
        assert targets.mean().item() == pytest.approx((low + high) / 2, abs=0.01)


def test_a_few_labels_are_flipped():
    torch.manual_seed(0)
    noisy = loss("non_saturating", flip=0.1, real_label=0.9)
    real, fake = (torch.zeros(4000, requires_grad=True) for _ in range(2))
    noisy.discriminator(real, fake).backward()
    for logits, own, other in ((real, 0.9, 0.0), (fake, 0.0, 0.9)):
        targets = (0.5 - 4000 * logits.grad).round(decimals=3)
        assert sorted(targets.unique().tolist()) == pytest.approx(sorted([own, other]), abs=1e-3)
        assert (targets == round(other, 3)).float().mean().item() == pytest.approx(0.1, abs=0.015)


def test_plain_labels_draw_nothing():
    before = torch.get_rng_state()
    loss("non_saturating", real_label=0.9).discriminator(REAL, FAKE)
    assert torch.get_rng_state().equal(before)


@pytest.mark.parametrize(
    "made",
    [loss("relativistic"), *(loss("relativistic_average", kind=kind) for kind in KINDS)],
    ids=["pairs", *KINDS],
)
def test_only_differences_between_logits_count_to_relativistic_losses(made):
    for values in (made.discriminator, made.generator):
        assert values(REAL + 8, FAKE + 8).item() == pytest.approx(values(REAL, FAKE).item(), abs=1e-12)
        assert values(REAL + 8, FAKE).item() != pytest.approx(values(REAL, FAKE).item())
    assert made.generator(REAL, FAKE) == made.discriminator(FAKE, REAL)
