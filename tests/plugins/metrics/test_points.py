"""Modes, Wasserstein distances and Parzen windows, against hand-made points and closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from ganzoo import Evidence, IncompatibleError, Spec
from ganzoo_builtins.datasets.toy import Gaussian1D, Grid, Ring
from ganzoo_builtins.metrics.modes import Modes, coverage
from ganzoo_builtins.metrics.parzen import Parzen, log_likelihood
from ganzoo_builtins.metrics.wasserstein import SlicedWasserstein, Wasserstein, wasserstein
from helpers.evidence import seen, shown

CENTRES = torch.tensor([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0], [10.0, 10.0]])


def mixture(x: Tensor) -> Evidence:
    return shown(seen(x), seen(x), centres=CENTRES, std=1.0)


def test_modes_by_hand() -> None:
    """Three good samples in two modes, and one that is 3.1 standard deviations from a third."""
    scores = Modes()(mixture(torch.tensor([[0.0, 2.9], [1.0, 0.0], [10.0, 3.0], [3.1, 10.0]])))
    divergence = 2 / 3 * math.log(4 * 2 / 3) + 1 / 3 * math.log(4 / 3)
    assert scores == {"modes": 2, "high_quality": 0.75, "modes_kl": pytest.approx(divergence)}


def test_modes_evenly_found() -> None:
    assert Modes()(mixture(CENTRES)) == {"modes": 4, "high_quality": 1, "modes_kl": pytest.approx(0)}


def test_no_good_sample_is_as_bad_as_one_mode() -> None:
    worst = pytest.approx(math.log(4))
    assert Modes()(mixture(CENTRES + 5)) == {"modes": 0, "high_quality": 0, "modes_kl": worst}
    assert Modes()(mixture(CENTRES[:1])) == {"modes": 1, "high_quality": 1, "modes_kl": worst}
    assert coverage(torch.zeros(5)) == (0, pytest.approx(math.log(5)))


def test_modes_of_the_first_samples() -> None:
    assert Modes(samples=3)(mixture(CENTRES))["modes"] == 3


def test_a_perfect_sampler_of_a_plane() -> None:
    """Within 3 standard deviations lie 1 - exp(-4.5) of an isotropic Gaussian in the plane."""
    ring = Ring(n=100_000)
    scores = Modes(samples=100_000)(Evidence(seen(ring.tensors()["x"]), seen(CENTRES), seen(ring.tensors()["x"]), ring))
    assert scores["high_quality"] == pytest.approx(1 - math.exp(-4.5), abs=0.002)
    assert scores["modes"] == 8 and scores["modes_kl"] < 1e-4


@pytest.mark.parametrize(
    "data",
    [Ring(n=20), Ring(n=20, labelled=True), Grid(n=50), Gaussian1D(n=20)],
    ids=["ring", "labelled", "grid", "line"],
)
def test_data_that_knows_its_modes(data: Ring | Grid | Gaussian1D) -> None:
    Modes().check(data.spec, data, conditional=False)


def test_data_that_does_not() -> None:
    evidence = shown(seen(CENTRES), seen(CENTRES))
    with pytest.raises(IncompatibleError, match="metric modes counts the modes of a mixture"):
        Modes().check(Spec((2,)), evidence.data, conditional=False)
    with pytest.raises(IncompatibleError, match=r"`centres` \(modes, F\)"):
        Modes().check(Spec((3,)), mixture(CENTRES).data, conditional=False)


def test_wasserstein_of_a_shift_and_of_a_scale() -> None:
    x = torch.randn(1_000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert wasserstein(x, x.flip(0)) == 0
    assert wasserstein(x, x + 0.75) == pytest.approx(0.75)
    assert wasserstein(x, 3 * x) == pytest.approx(2 * float(x.abs().mean()))


def test_wasserstein_by_hand_of_unequal_numbers() -> None:
    """Half of the mass goes from 0 to 3; then a third of 0 to 1, a sixth of 0 to 2 and a third of 4 to 2."""
    assert wasserstein(torch.tensor([0.0]), torch.tensor([0.0, 3.0])) == pytest.approx(1.5)
    assert wasserstein(torch.tensor([0.0, 4.0]), torch.tensor([0.0, 1.0, 5.0])) == pytest.approx(1 / 6 + 3 / 6 + 1 / 3)


def test_wasserstein_as_another_implementation_has_it() -> None:
    stats = pytest.importorskip("scipy.stats")
    x, y = np.random.default_rng(0).normal(size=200), np.random.default_rng(1).normal(1, 2, size=331)
    expected = stats.wasserstein_distance(x, y)
    assert wasserstein(torch.tensor(x), torch.tensor(y)) == pytest.approx(expected, rel=1e-9)


def test_sliced_wasserstein_of_a_shift() -> None:
    """A shift by v is one by |v'd| in direction d: on average over the plane 2 / pi of its length."""
    x = torch.randn(50, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    evidence = shown(seen(x), seen(x + torch.tensor([3.0, 4.0])))
    distance = SlicedWasserstein(projections=2_000)(evidence)["sliced_wasserstein"]
    assert distance == pytest.approx(5 * 2 / math.pi, rel=0.03)
    assert SlicedWasserstein()(shown(seen(x), seen(x))) == {"sliced_wasserstein": 0}


def test_each_says_what_it_compares() -> None:
    ring, line, words = Spec((2,)), Spec((1,)), Spec((5,), vocab=9)
    data = mixture(CENTRES).data
    Wasserstein().check(line, data, conditional=False)
    SlicedWasserstein().check(ring, data, conditional=False)
    Parzen().check(Spec((1, 8, 8)), data, conditional=False)
    for metric, spec in (
        (Wasserstein(), ring),
        (SlicedWasserstein(), line),
        (SlicedWasserstein(), words),
        (Parzen(), words),
    ):
        with pytest.raises(IncompatibleError, match=r"^metric "):
            metric.check(spec, data, conditional=False)


def test_parzen_of_a_single_sample_is_a_gaussian() -> None:
    x, sample = torch.tensor([[1.0, 2.0, 2.0], [0.0, 0.0, 0.0]]), torch.zeros(1, 3)
    expected = [-(r**2) / (2 * 0.25) - 1.5 * math.log(2 * math.pi * 0.25) for r in (3, 0)]
    assert log_likelihood(x, sample, sigma=0.5).tolist() == pytest.approx(expected)


def test_parzen_is_the_mean_of_gaussians() -> None:
    x, samples = torch.tensor([[0.5]]), torch.tensor([[0.0], [1.0], [3.0]])
    densities = torch.distributions.Normal(samples.flatten().double(), 0.4).log_prob(torch.tensor(0.5)).exp()
    assert log_likelihood(x, samples, sigma=0.4).item() == pytest.approx(float(densities.mean().log()))


def test_parzen_picks_the_width_by_training_samples() -> None:
    """Training samples at 2 from the only generated one: the best width is 2, the nearest of the grid 1."""
    scores = Parzen(sigmas=3)(
        shown(seen(torch.tensor([[2.0], [-2.0]])), seen(torch.zeros(1, 1)), seen(torch.tensor([[1.0]])))
    )
    assert scores == {"parzen": pytest.approx(-0.5 - 0.5 * math.log(2 * math.pi)), "parzen_error": 0}


def test_parzen_brings_pixels_between_0_and_1() -> None:
    black, white = seen(-torch.ones(1, 1, 2, 2)), seen(torch.ones(1, 1, 2, 2))
    scores = Parzen(sigmas=1, low=1, high=1)(shown(white, black, white))
    assert scores["parzen"] == pytest.approx(-4 / 2 - 2 * math.log(2 * math.pi))


def test_parzen_floor_compares_with_other_training_samples() -> None:
    real, held = seen(torch.tensor([[0.0], [0.0], [1.0], [5.0]])), seen(torch.tensor([[1.0]]))
    scores = Parzen(sigmas=1, low=1, high=1, validation=2).floor(shown(real, seen(torch.zeros(1, 1)), held))
    assert scores["parzen"] == pytest.approx(-0.5 * math.log(2 * math.pi))  # of the third training sample alone
