"""The memorization distance by hand, and the score that it makes of a Fréchet distance."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from ganzoo_builtins.metrics.frechet import frechet_distance
from ganzoo_builtins.metrics.mifid import MiFID, memorization_distance
from helpers.evidence import seen, shown


def points(n: int, width: int = 8, seed: int = 0) -> Tensor:
    return torch.randn(n, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_the_mean_is_over_generated_samples() -> None:
    """(1, 0) is a training sample, (1, 1) is at 45 degrees from both: half of 1 - cos 45."""
    fake, training = torch.tensor([[1.0, 0.0], [1.0, 1.0]]), torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    assert memorization_distance(fake, training) == pytest.approx((1 - math.sqrt(0.5)) / 2)
    assert memorization_distance(fake, training) == pytest.approx(0.14645, abs=5e-6)


def test_length_and_sign_do_not_count() -> None:
    x = points(10)
    assert memorization_distance(-3 * x, x) == pytest.approx(0, abs=1e-12)


def test_copies_score_worse_by_far() -> None:
    x = points(400)
    real, held = x[:200], x[200:]
    distance = frechet_distance(real, real[:50])
    copied = MiFID()(shown(seen(real), seen(real[:50]), seen(held)))
    assert copied["memorization_distance"] == pytest.approx(0, abs=1e-12)
    assert copied["mifid"] == pytest.approx(distance / 1e-6)
    new = MiFID()(shown(seen(real), seen(points(50, seed=1)), seen(held)))
    assert new["memorization_distance"] > 0.1
    assert new["mifid"] == frechet_distance(real, points(50, seed=1))


def test_a_small_distance_divides() -> None:
    real, fake = points(100), points(50, seed=1)
    distance, memorization = frechet_distance(real, fake), memorization_distance(fake, real)
    scores = MiFID(near=1)(shown(seen(real), seen(fake)))
    assert scores["mifid"] == pytest.approx(distance / (memorization + 1e-6))


def test_copies_of_data_without_a_test_part() -> None:
    """The held-out half was trained on too; for the floor it is not compared with itself."""
    x = points(400)
    evidence = shown(seen(x[:200]), seen(x[200:300]), seen(x[200:]), test_part=False)
    assert MiFID()(evidence)["memorization_distance"] == pytest.approx(0, abs=1e-12)
    assert MiFID().floor(evidence)["memorization_distance"] > 0.1
