"""The losses against their closed forms, worked out by hand and in float64."""

import math

import pytest
import torch

from ganzoo.discovery import load

ZOO = load().zoo
REAL = torch.tensor([1.0, -0.5], dtype=torch.float64)
FAKE = torch.tensor([0.3, -1.2], dtype=torch.float64)


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
    ],
)
def test_golden_numbers(name, settings, d, g):
    made = loss(name, **settings)
    assert made.discriminator(REAL, FAKE).item() == pytest.approx(d, abs=1e-6)
    assert made.generator(None, FAKE).item() == pytest.approx(g, abs=1e-6)


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
    ],
)
def test_where_the_discriminator_knows_nothing(name, settings, d, g):
    zeros = torch.zeros(4)
    made = loss(name, **settings)
    assert made.discriminator(zeros, zeros).item() == pytest.approx(d)
    assert made.generator(None, zeros).item() == pytest.approx(g)


def test_wasserstein_reports_its_estimate_of_the_distance():
    """The critic's loss with its sign turned; the other losses estimate none."""
    made = loss("wasserstein")
    assert made.report(REAL, FAKE)["wasserstein_estimate"].item() == pytest.approx(0.7)
    assert loss("hinge").report(REAL, FAKE) == {}


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
    made = entry.load()()
    real = torch.full((3,), logit, requires_grad=True)
    fake = torch.full((3,), -logit, requires_grad=True)
    for value in (made.discriminator(real, fake), made.generator(real, fake)):
        assert value.isfinite()
        gradients = torch.autograd.grad(value, [real, fake], allow_unused=True)
        assert all(gradient.isfinite().all() for gradient in gradients if gradient is not None)
