"""Mixtures of Gaussians: means, standard deviations and frequencies against the closed form."""

from __future__ import annotations

import math

import pytest
import torch

from ganzoo.errors import GanzooError
from ganzoo_builtins.datasets.toy import Gaussian1D, Grid, Mixture, Ring

SETS = [Ring(n=4_000), Grid(n=5_000), Gaussian1D(n=4_000, means=[-2.0, 2.0], std=0.3)]


@pytest.mark.parametrize("dataset", SETS, ids=lambda dataset: type(dataset).__name__)
def test_each_mode_has_its_share_its_mean_and_its_spread(dataset: Mixture) -> None:
    x = dataset.tensors()["x"]
    assert x.dtype == torch.float32 and x.shape[1:] == dataset.spec.shape
    nearest = torch.cdist(x, dataset.centres).argmin(1)
    assert nearest.equal(torch.arange(len(x)) % len(dataset.centres))  # modes lie far apart, so this is the mode
    share = len(x) // len(dataset.centres)
    for mode, centre in enumerate(dataset.centres):
        members = x[nearest == mode]
        assert len(members) == share
        assert (members.mean(0) - centre).abs().max() < 4 * dataset.std / math.sqrt(share)  # 4 standard errors
        assert (members.std(0) / dataset.std - 1).abs().max() < 4 / math.sqrt(2 * share)


def test_ring_lies_on_a_circle() -> None:
    ring = Ring(n=80_000)
    expected = [(math.cos(k * math.pi / 4), math.sin(k * math.pi / 4)) for k in range(8)]
    assert torch.allclose(ring.centres, torch.tensor(expected), atol=1e-6)
    assert ring.std == 0.05
    x = ring.tensors()["x"]
    assert x.mean(0).abs().max() < 0.011  # var = radius^2 / 2 + std^2 per axis, shares exact
    assert torch.allclose(x.var(0), torch.full((2,), 0.5 + 0.05**2), atol=0.003)
    within = (torch.cdist(x, ring.centres).amin(1) < 3 * ring.std).float().mean()
    assert within == pytest.approx(1 - math.exp(-4.5), abs=0.002)  # a perfect sampler's share of good samples


def test_grid_and_its_published_scales() -> None:
    grid = Grid()
    assert sorted(map(tuple, grid.centres.tolist())) == [
        (x, y) for x in (-4.0, -2.0, 0.0, 2.0, 4.0) for y in (-4.0, -2.0, 0.0, 2.0, 4.0)
    ]
    small = Grid(scale=1 / 2.828)
    assert small.std == pytest.approx(0.05 / 2.828)
    assert torch.allclose(small.centres, grid.centres / 2.828)
    assert torch.allclose(Grid(n=500, scale=0.5).tensors()["x"], Grid(n=500).tensors()["x"] / 2, atol=1e-6)
    assert Grid(side=1).centres.tolist() == [[0.0, 0.0]]


def test_one_gaussian_by_default() -> None:
    x = Gaussian1D(n=40_000).tensors()["x"]
    assert x.shape == (40_000, 1)
    assert x.mean().item() == pytest.approx(4, abs=4 * 0.5 / 200)
    assert x.std().item() == pytest.approx(0.5, rel=4 / math.sqrt(80_000))


def test_labels_are_modes_and_only_there_when_asked_for() -> None:
    plain, labelled = Ring(n=16), Ring(n=16, labelled=True)
    assert plain.spec.classes == 0 and set(plain.tensors()) == set(plain[0]) == {"x"}
    assert labelled.spec.classes == 8 and labelled.class_names == ("0", "1", "2", "3", "4", "5", "6", "7")
    assert labelled.tensors()["y"].tolist() == [*range(8), *range(8)]
    assert labelled[11]["y"].item() == 3 and torch.equal(labelled[11]["x"], plain.tensors()["x"][11])


def test_the_seed_decides_and_the_global_generator_is_left_alone() -> None:
    before = torch.get_rng_state()
    assert Ring(n=10, seed=5).fingerprint() == Ring(n=10, seed=5).fingerprint()
    assert Ring(n=10, seed=5).fingerprint() != Ring(n=10, seed=6).fingerprint()
    assert torch.equal(torch.get_rng_state(), before)


def test_without_spread_points_are_the_centres() -> None:
    ring = Ring(n=8, std=0.0)
    assert torch.equal(ring.tensors()["x"], ring.centres)


def test_a_mixture_of_nothing_is_refused() -> None:
    with pytest.raises(GanzooError, match="at least one mean"):
        Gaussian1D(means=[])
