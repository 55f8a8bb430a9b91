"""The Frechet distance against closed forms and another implementation."""

from __future__ import annotations

import pytest
import torch

from ganzoo_builtins.metrics.frechet import ClassFrechetDistance, frechet_distance, moments
from helpers.evidence import labelled, shown


def exact(n: int, mean: list[float], root: torch.Tensor) -> torch.Tensor:
    """n points whose mean is this, and whose unbiased covariance is root @ root.T, but for rounding."""
    x = torch.randn(n, len(mean), generator=torch.Generator().manual_seed(n), dtype=torch.float64)
    x = x - x.mean(0)
    white = x @ torch.linalg.inv(torch.linalg.cholesky(x.T.cov())).T
    return white @ root.T + torch.tensor(mean, dtype=torch.float64)


def test_two_gaussians() -> None:
    """Covariances that commute: ||m||^2 + sum (sqrt a - sqrt b)^2."""
    one = exact(50, [1.0, 2.0, 0.0], torch.diag(torch.tensor([1.0, 2.0, 3.0]).double()))
    other = exact(80, [0.0, 0.0, 0.0], torch.diag(torch.tensor([2.0, 2.0, 5.0]).double()))
    assert frechet_distance(one, other) == pytest.approx(5 + 1 + 0 + 4, rel=1e-9)


def test_two_gaussians_that_are_turned() -> None:
    """tr (S1 S2)^(1/2) of two 2x2 matrices is the root of tr(S1 S2) + 2 (det S1 det S2)^(1/2)."""
    a = torch.tensor([[2.0, 0.0], [1.0, 1.0]]).double()
    b = torch.tensor([[1.0, 3.0], [0.0, 1.0]]).double()
    first, second = a @ a.T, b @ b.T
    shared = ((first @ second).trace() + 2 * (first.det() * second.det()).sqrt()).sqrt()
    expected = float(first.trace() + second.trace() - 2 * shared)
    assert frechet_distance(exact(30, [0, 0], a), exact(40, [0, 0], b)) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("n", [1_000, 20])  # more samples than features, and fewer: a singular covariance
def test_shifted(n: int) -> None:
    x = torch.randn(n, 64, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    shift = torch.linspace(-1, 1, 64).double()
    assert frechet_distance(x, x) < 1e-9
    assert frechet_distance(x, x + shift) == pytest.approx(float(shift.square().sum()), rel=1e-6)


def test_features_without_spread() -> None:
    still, other = torch.ones(10, 3), torch.zeros(10, 3)
    assert frechet_distance(still, other) == 3
    assert frechet_distance(still, still) == 0


def test_a_single_feature() -> None:
    assert frechet_distance(torch.tensor([[0.0], [2.0]]), torch.tensor([[1.0], [1.0]])) == 2


def test_moments_are_those_of_torch() -> None:
    x = torch.randn(25_000, 3, generator=torch.Generator().manual_seed(0)) + 100
    mean, cov = moments(x)
    torch.testing.assert_close(mean, x.double().mean(0), rtol=1e-12, atol=0)
    torch.testing.assert_close(cov, x.double().T.cov(), rtol=1e-9, atol=1e-12)


def test_another_implementation_agrees() -> None:
    theirs = pytest.importorskip("torch_fidelity.metric_fid")
    generator = torch.Generator().manual_seed(0)
    one = torch.randn(400, 24, generator=generator, dtype=torch.float64)
    other = (
        torch.randn(300, 24, generator=generator, dtype=torch.float64)
        @ torch.randn(24, 24, generator=generator).double()
    )
    statistics = [theirs.fid_features_to_statistics(x) for x in (one, other)]
    expected = theirs.fid_statistics_to_metric(*statistics, verbose=False)["frechet_inception_distance"]
    assert frechet_distance(one, other) == pytest.approx(expected, rel=1e-6)


def test_within_classes() -> None:
    """Two classes that are swapped: all in all the same, and each one shifted by 2 in one of two coordinates."""
    x = torch.tensor([[0.0, 0.0], [0.0, 1.0]])
    real = labelled(torch.cat([x, x + torch.tensor([2.0, 0.0])]), [0, 0, 1, 1])
    fake = labelled(torch.cat([x + torch.tensor([2.0, 0.0]), x]), [0, 0, 1, 1])
    assert ClassFrechetDistance()(shown(real, fake)) == {"class_frechet_distance": pytest.approx(4)}
    assert frechet_distance(real.features, fake.features) == pytest.approx(0)


def test_within_classes_that_have_two_samples() -> None:
    x = torch.tensor([[0.0], [1.0], [5.0]])
    real, fake = labelled(x, [0, 0, 1]), labelled(x + 3, [0, 0, 1])
    assert ClassFrechetDistance()(shown(real, fake)) == {"class_frechet_distance": pytest.approx(9)}
