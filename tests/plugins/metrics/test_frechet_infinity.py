"""Extrapolation of the Fréchet distance: exact for lines, and unbiased where the distance itself is not."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ganzoo import IncompatibleError
from ganzoo_builtins.metrics.frechet import frechet_distance
from ganzoo_builtins.metrics.frechet_infinity import FrechetInfinity, extrapolate, frechet_infinity
from helpers.evidence import seen, shown

WIDTH = 8


def points(n: int, seed: int = 0) -> Tensor:
    return torch.randn(n, WIDTH, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def standard(n: int) -> Tensor:
    """Return points whose mean is 0 and whose covariance is 1, exactly."""
    x = points(n)
    x = x - x.mean(0)
    return x @ torch.linalg.inv(torch.linalg.cholesky(x.T @ x / (n - 1))).T


def test_a_straight_line_is_found_exactly() -> None:
    line = extrapolate([10, 20, 40], [3 + 7 / n for n in (10, 20, 40)])
    assert line.intercept == pytest.approx(3) and line.slope == pytest.approx(7)


def test_least_squares_by_hand() -> None:
    """Over 1/N = 1, 0.5, 0: values 2, 0, 1 have the line 0.5 + x."""
    line = extrapolate([1, 2, 10**12], [2, 0, 1])
    assert line.intercept == pytest.approx(0.5) and line.slope == pytest.approx(1)


def test_the_bias_of_a_gaussian_goes() -> None:
    """Against exact moments the distance of N samples in d dimensions is about (d + d (d + 1) / 4) / N."""
    real, fake = standard(4_000), points(20_000, seed=1)
    line = frechet_infinity(real, fake, points=15)
    assert line.slope == pytest.approx(WIDTH + WIDTH * (WIDTH + 1) / 4, rel=0.3)
    assert abs(line.intercept) < 0.2 * frechet_distance(real, fake[:2_000])


def test_a_shift_stays() -> None:
    value = FrechetInfinity()(shown(seen(standard(2_000)), seen(points(10_000, seed=1) + 1)))["frechet_infinity"]
    assert value == pytest.approx(WIDTH, rel=0.02)


def test_few_samples_are_refused() -> None:
    with pytest.raises(IncompatibleError, match="needs 20 samples at least"):
        FrechetInfinity()(shown(seen(points(50)), seen(points(19))))
