"""MIND against its closed forms: equal sets, shifts, scales."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ganzoo import IncompatibleError
from ganzoo_builtins.metrics.mind import MongeInceptionDistance, monge_distance
from helpers.evidence import seen, shown


def points(n: int, width: int, seed: int = 0) -> Tensor:
    return torch.randn(n, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_equal_sets_in_any_order_are_at_distance_zero() -> None:
    x = points(50, 6)
    assert monge_distance(x, x.flip(0), 100) == 0


def test_numbers_by_hand() -> None:
    """In one dimension every direction is 1 or -1: 3 times the mean squared difference of sorted numbers."""
    x, y = torch.tensor([[0.0], [4.0], [1.0]]), torch.tensor([[2.0], [0.0], [7.0]])
    assert monge_distance(x, y, 20) == pytest.approx(3 * (0 + 1 + 9) / 3)


def test_a_shift_counts_three_times_its_square() -> None:
    """Golden: X against X + e1 is 3 in expectation over directions, whatever X and its dimension."""
    x = points(200, 4)
    shift = torch.zeros(4, dtype=torch.float64)
    shift[0] = 1
    assert monge_distance(x, x + shift, 20_000) == pytest.approx(3, rel=0.03)
    assert monge_distance(x, x + 2 * shift, 20_000) == pytest.approx(12, rel=0.03)


def test_a_scale_counts_with_the_second_moment() -> None:
    """3 F (s - 1)^2 times the second moment of a projection, whose mean over directions is |x|^2 / F."""
    x = points(300, 4)
    expected = 3 * 0.5**2 * float(x.square().sum(1).mean())
    assert monge_distance(x, 1.5 * x, 20_000) == pytest.approx(expected, rel=0.03)


def test_two_samples_of_one_distribution_are_not_at_zero() -> None:
    """It is biased upwards, and less so for more samples."""
    few, many = (monge_distance(points(n, 8), points(n, 8, seed=1), 500) for n in (200, 2_000))
    assert few > 4 * many > 0


def test_equally_many_samples_are_compared() -> None:
    real, fake = points(50, 3), points(20, 3, seed=1)
    metric = MongeInceptionDistance(projections=50)
    assert metric(shown(seen(real), seen(fake))) == {"mind": monge_distance(real[:20], fake, 50)}
    fewer = MongeInceptionDistance(projections=50, most=10)
    assert fewer(shown(seen(real), seen(fake))) == {"mind": monge_distance(real[:10], fake[:10], 50)}


def test_one_sample_is_too_few() -> None:
    with pytest.raises(IncompatibleError, match="mind needs two samples at least"):
        MongeInceptionDistance()(shown(seen(points(5, 2)), seen(points(1, 2))))
