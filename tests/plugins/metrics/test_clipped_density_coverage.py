"""Clipped density and coverage against sets made by hand, published shares and the expected coverage."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ganzoo import IncompatibleError
from ganzoo_builtins.metrics.clipped_density_coverage import (
    ClippedDensityCoverage,
    clipped_coverage,
    clipped_density,
    expected_coverage,
)
from helpers.evidence import seen, shown


def points(n: int, width: int = 10, seed: int = 0) -> Tensor:
    return torch.randn(n, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def line(*places: float) -> Tensor:
    return torch.tensor(places, dtype=torch.float64)[:, None]


def mixed(n: int, bad: float) -> Tensor:
    """Return points of which a share is far away from those of points()."""
    x = points(n, seed=1)
    x[: round(bad * n)] += 100
    return x


def test_density_by_hand() -> None:
    """Reals at 0, 1, 2, 3 reach 1 far; each has a neighbour within reach, so that their own density is 1."""
    real = line(0, 1, 2, 3)
    assert clipped_density(real, line(0.5, 9), neighbours=1) == 0.5
    assert clipped_density(real, line(0.4, 1.6, 2.5, 9), neighbours=1) == 0.75
    assert clipped_density(real, real, neighbours=1) == 1


def test_an_outlier_reaches_no_farther_than_the_median() -> None:
    """The real sample at 100 would reach to 3 without the clip, and the fake at 50 would lie within."""
    real = line(0, 1, 2, 3, 100)
    assert clipped_density(real, line(50, 50), neighbours=1) == 0


def test_expected_coverage_by_counting() -> None:
    """With one neighbour it is the share of reals that have one of m within reach: 1 - (n - 1) / (n - 1 + m)."""
    expected = [1 - 9 / (9 + m) for m in range(6)]
    assert expected_coverage(10, 5, neighbours=1).tolist() == pytest.approx(expected, rel=1e-12)


def test_expected_coverage_of_published_shares() -> None:
    """For 1,500 real samples, five neighbours, and 1,500, 1,050 and 600 good ones: .754, .609, .387."""
    curve = expected_coverage(1_500, 1_500, neighbours=5)
    assert curve[0] == 0
    assert [round(float(curve[m]), 3) for m in (1_500, 1_050, 600)] == [0.754, 0.609, 0.387]


@pytest.mark.parametrize("bad", [0.3, 0.6])
def test_both_read_as_the_share_of_good_samples(bad: float) -> None:
    real, fake = points(1_500), mixed(1_500, bad)
    assert clipped_density(real, fake, neighbours=5) == pytest.approx(1 - bad, abs=0.05)
    assert clipped_coverage(real, fake, neighbours=5) == pytest.approx(1 - bad, abs=0.05)


def test_a_set_with_itself_is_all_good() -> None:
    x = points(200)
    assert clipped_density(x, x, 5) == 1 and clipped_coverage(x, x, 5) == 1


def test_a_collapse_is_dense_and_covers_little() -> None:
    real = points(300)
    evidence = shown(seen(real), seen(real[:1] + 0.01 * points(300, seed=1)))
    scores = ClippedDensityCoverage()(evidence)
    assert [*scores] == ["clipped_coverage", "clipped_density"]
    assert scores["clipped_coverage"] < 0.05


def test_too_few_for_neighbours() -> None:
    with pytest.raises(IncompatibleError, match="clipped_density_coverage looks at 5 neighbours"):
        ClippedDensityCoverage()(shown(seen(points(5)), seen(points(5))))
