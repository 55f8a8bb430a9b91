"""The distance under a Gaussian kernel against its closed forms."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from ganzoo import IncompatibleError
from ganzoo.testing.evidence import Clusters
from ganzoo_builtins.metrics.cmmd import CMMD, gaussian_mmd
from helpers.evidence import seen, shown


def points(n: int, width: int = 16, seed: int = 0) -> Tensor:
    return torch.randn(n, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_single_points() -> None:
    """2,000 (1 - exp(-d^2 / 200)) for points d apart: of length 1, orthogonal and opposite."""
    x, y = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]])
    assert gaussian_mmd(x, y, 10) == pytest.approx(19.90033, abs=1e-5)
    assert gaussian_mmd(x, -x, 10) == pytest.approx(39.60, abs=5e-3)


def test_a_set_with_itself() -> None:
    x = points(40)
    assert gaussian_mmd(x, x.flip(0), 10) == pytest.approx(0, abs=1e-9)


def test_shifted_gaussians() -> None:
    """Of unit covariance in 16 dimensions, 0.5 apart in each: 33.1 in the limit, a little more for 2,000 samples."""
    shift, width, sigma = 0.5, 16, 10.0
    spread = sigma**2 + 2
    limit = 2_000 * (sigma**2 / spread) ** (width / 2) * (1 - math.exp(-width * shift**2 / (2 * spread)))
    assert limit == pytest.approx(33.1, abs=0.05)
    assert gaussian_mmd(points(2_000), points(2_000, seed=1) + shift, sigma) == pytest.approx(limit, rel=0.06)


def test_the_metric_compares_directions_only() -> None:
    x, y = points(30), points(20, seed=1)
    unit = [z / z.norm(dim=1, keepdim=True) for z in (x, y)]
    expected = pytest.approx(gaussian_mmd(unit[0], unit[1], 10))
    assert CMMD()(shown(seen(x), seen(y)))["cmmd"] == expected
    assert CMMD()(shown(seen(x * 7), seen(y * 3)))["cmmd"] == expected


def test_points_are_refused() -> None:
    data = Clusters((2,))
    with pytest.raises(IncompatibleError, match=r"are no images\. Use kernel_distance"):
        CMMD().check(data.spec, data, conditional=False)
