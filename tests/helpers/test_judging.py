"""Tests of the scores: perfect samples score as in theory, and bad ones do not."""

from __future__ import annotations

import math

import pytest
import torch

from ganzoo.data.loader import normalised
from ganzoo_builtins.datasets.digits import Digits
from ganzoo_builtins.datasets.toy import Ring
from helpers.judging import Referee, ring_modes, wasserstein_1d


def test_perfect_points_of_a_ring_hit_all_modes() -> None:
    points = Ring(n=20_000, radius=1.0, std=0.05).tensors()["x"]
    result = ring_modes(points)
    assert result.modes == 8
    assert result.quality == pytest.approx(1 - math.exp(-4.5), abs=0.004)


def test_a_collapsed_generator_hits_one_mode_and_noise_few_points() -> None:
    assert ring_modes(torch.tensor([[1.0, 0.01]]).expand(100, 2)) == (1, 1.0)
    torch.manual_seed(0)
    assert ring_modes(4 * torch.rand(5000, 2) - 2).quality < 0.06


def test_the_distance_of_a_shifted_line_is_the_shift() -> None:
    values = torch.randn(100, 1)
    assert wasserstein_1d(values, values[torch.randperm(100)] + 0.5) == pytest.approx(0.5, abs=1e-6)


@pytest.mark.parametrize("size", [8, 16])
def test_the_referee_reads_real_digits_and_tells_them_from_noise(size: int) -> None:
    referee = Referee(size)
    assert referee.accuracy() >= 0.95
    real = normalised(Digits(size=size).tensors())["x"]
    good = referee.judge(real)
    assert (good.classes, good.confidence > 0.85) == (10, True)
    assert good.frechet < 1e-3 * referee.frechet(torch.rand(500, 1, size, size) * 2 - 1)
    assert referee.judge(real[:1].expand(100, -1, -1, -1)).classes == 1
