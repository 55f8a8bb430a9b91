"""Separation and diversity of samples, where the answer is known."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from ganzoo.training import statistics


@pytest.mark.parametrize(
    ("real", "fake", "share"),
    [
        ([3.0, 2.0], [1.0, 0.0], 1.0),
        ([0.0, 1.0], [2.0, 3.0], 0.0),
        ([1.0, 1.0, 1.0], [1.0], 0.5),
        ([2.0, 0.0], [1.0, 1.0], 0.5),
        ([2.0, 1.0], [1.0, 0.0, 3.0], (2 + 1.5) / 6),
    ],
)
def test_separation_is_the_share_of_pairs_in_order(real: list[float], fake: list[float], share: float) -> None:
    assert statistics.separation(torch.tensor(real), torch.tensor(fake)).item() == pytest.approx(share)


def test_separation_depends_on_the_order_alone_and_takes_maps_of_patches() -> None:
    torch.manual_seed(0)
    real, fake = torch.randn(6, 1, 3, 3) + 1, torch.randn(6, 1, 3, 3)
    plain = statistics.separation(real, fake)
    assert (
        plain == statistics.separation(real.sigmoid(), fake.sigmoid()) == statistics.separation(1e4 * real, 1e4 * fake)
    )
    pairs = (real.flatten()[:, None] > fake.flatten()).float().mean()
    assert plain.item() == pytest.approx(pairs.item())


def test_diversity_is_the_ratio_of_distances_between_two_samples() -> None:
    torch.manual_seed(0)
    real = torch.randn(40, 1, 3, 3)
    assert statistics.diversity(real, real) == pytest.approx(1)
    assert statistics.diversity(0.25 * real + 7, real) == pytest.approx(0.25)
    assert statistics.diversity(torch.zeros_like(real), real) == 0
    assert statistics.diversity(real, torch.ones_like(real)) is None
    pairs = torch.cdist(real.flatten(1), real.flatten(1)).square().sum() / (40 * 39)  # mean over two different ones
    assert 2 * statistics._variances(real, 0).item() == pytest.approx(pairs.item(), rel=1e-5)


def test_diversity_within_a_class_does_not_see_how_classes_differ() -> None:
    def by_class(spread: float) -> Tensor:
        torch.manual_seed(0)
        return torch.tensor([0.0, 100.0]).repeat(20)[:, None] + spread * torch.randn(40, 1)  # (40, 1)

    assert statistics.diversity(by_class(0.1), by_class(1.0), classes=2) == pytest.approx(0.1, rel=1e-4)
    assert statistics.diversity(by_class(0.1), by_class(1.0)) == pytest.approx(1, abs=0.01)


def test_diversity_leaves_out_a_class_without_real_samples() -> None:
    torch.manual_seed(0)
    real = torch.randn(40, 1, 3, 3)
    real[1::4] = -1  # as the picture shows a class without examples
    samples = 0.5 * real
    samples[1::4] = 9 * torch.randn(10, 1, 3, 3)
    assert statistics.diversity(samples, real, classes=4) == pytest.approx(0.5)


def test_diversity_of_token_ids_and_of_what_is_no_number() -> None:
    real = torch.tensor([[0, 1], [1, 0], [2, 1], [0, 2]])
    assert statistics.diversity(real, real) == pytest.approx(1)
    assert statistics.diversity(torch.tensor([[5, 5], [5, 5]]), real) == 0
    assert math.isnan(statistics.diversity(torch.tensor([[float("nan")], [1.0]]), torch.randn(4, 1)) or 0)
