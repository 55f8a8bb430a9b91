"""The kernel distance against its definition and another implementation."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ganzoo_builtins.metrics.kernel import KernelDistance, squared_mmd
from helpers.evidence import seen, shown


def points(n: int, width: int = 6, seed: int = 0) -> Tensor:
    return torch.randn(n, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def by_loops(x: Tensor, y: Tensor) -> float:
    def kernel(a: Tensor, b: Tensor) -> float:
        return float((a @ b / len(a) + 1) ** 3)

    def among(z: Tensor) -> float:
        pairs = [(i, j) for i in range(len(z)) for j in range(len(z)) if i != j]
        return sum(kernel(z[i], z[j]) for i, j in pairs) / len(pairs)

    across = sum(kernel(a, b) for a in x for b in y) / (len(x) * len(y))
    return among(x) + among(y) - 2 * across


def test_its_definition() -> None:
    x, y = points(7), points(9, seed=1) + 0.5
    assert squared_mmd(x, y, degree=3) == pytest.approx(by_loops(x, y), rel=1e-12)


def test_unbiased() -> None:
    """Halves of one set: the mean over many ways to halve it is zero, and values of both signs occur."""
    x = points(60)
    generator = torch.Generator().manual_seed(0)
    orders = [torch.randperm(60, generator=generator) for _ in range(300)]
    values = torch.tensor([squared_mmd(x[order[:30]], x[order[30:]], degree=3) for order in orders])
    assert values.min() < 0 < values.max()
    assert abs(values.mean()) < 3 * values.std() / len(values) ** 0.5 + x.square().mean() * 0.01
    assert squared_mmd(x, points(60, seed=1) + 1, degree=3) > 10 * values.std()


def test_sets_within_one_subset_are_used_whole() -> None:
    x, y = points(40), points(30, seed=1)
    assert KernelDistance()(shown(seen(x), seen(y))) == {"kernel_distance": squared_mmd(x, y, degree=3)}


def test_a_small_set_is_whole_in_every_subset() -> None:
    x, y = points(40), points(10, seed=1)
    value = KernelDistance(subsets=2, size=10)(shown(seen(x), seen(y)))["kernel_distance"]
    generator = torch.Generator().manual_seed(0)
    subsets = [x[torch.randperm(40, generator=generator)[:10]] for _ in range(2)]
    assert value == pytest.approx(sum(squared_mmd(some, y, degree=3) for some in subsets) / 2)


def test_another_implementation_agrees() -> None:
    """On one subset of everything, so that how subsets are drawn makes no difference."""
    theirs = pytest.importorskip("torch_fidelity.metric_kid")
    x, y = points(200, 24), points(200, 24, seed=1) * 1.1
    expected = theirs.kid_features_to_metric(x, y, kid_subsets=1, kid_subset_size=200, verbose=False)
    value = KernelDistance()(shown(seen(x), seen(y)))["kernel_distance"]
    assert value == pytest.approx(expected["kernel_inception_distance_mean"], rel=1e-6)
