"""The deviation of a minibatch: its value, its groups, batches that groups do not divide."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ganzoo_builtins.layers.minibatch_deviation import MinibatchDeviation


def plane(x: Tensor, group: int) -> list[float]:
    """Return the appended map of each sample, which is constant."""
    y = MinibatchDeviation(group)(x)
    assert torch.equal(y[:, :-1], x)
    assert torch.equal(y[:, -1:], y[:, -1:, :1, :1].expand(-1, 1, *x.shape[2:]))
    values: list[float] = y[:, -1, 0, 0].tolist()
    return values


@pytest.mark.parametrize(("group", "expected"), [(2, [0.5] * 4), (4, [0.7071] * 4), (1, [1e-4] * 4)])
def test_the_deviation_of_four_values(group: int, expected: list[float]) -> None:
    """Of 1, 3, 2, 2 in pairs, samples 0 and 2 are a group, and samples 1 and 3: it is 1/2 in both."""
    assert plane(torch.tensor([1.0, 3.0, 2.0, 2.0]).view(4, 1, 1, 1), group) == pytest.approx(expected, abs=1e-4)


def test_a_group_does_not_see_the_others() -> None:
    x = torch.randn(6, 3, 2, 2)
    before = plane(x, 2)
    x[1] += 5  # of the group of samples 1 and 4
    after = plane(x, 2)
    assert [i for i in range(6) if before[i] != after[i]] == [1, 4]


def test_the_mean_is_over_channels_and_pixels() -> None:
    x = torch.zeros(2, 2, 1, 2)
    x[1, 0, 0, 0] = 4.0  # one of four values has a deviation, of 2
    assert plane(x, 2) == pytest.approx([0.5, 0.5], abs=1e-3)


@pytest.mark.parametrize(("n", "group"), [(7, 1), (6, 2), (8, 4), (2, 2), (1, 1)])
def test_any_batch_has_groups(n: int, group: int) -> None:
    x = torch.randn(n, 3, 2, 2)
    assert plane(x, 4) == pytest.approx(plane(x, group))


def test_equal_samples_have_a_finite_gradient() -> None:
    x = torch.ones(4, 2, 1, 1, requires_grad=True)
    MinibatchDeviation(4)(x).sum().backward()
    assert x.grad is not None and x.grad.isfinite().all()
