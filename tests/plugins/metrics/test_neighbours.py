"""Precision, recall, density, coverage, copies and diversity on sets made for it."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ganzoo import IncompatibleError
from ganzoo_builtins.metrics import distances
from ganzoo_builtins.metrics.density_coverage import DensityCoverage, density_coverage
from ganzoo_builtins.metrics.diversity import Diversity
from ganzoo_builtins.metrics.nearest_neighbour import NearestNeighbour
from ganzoo_builtins.metrics.precision_recall import PrecisionRecall, precision_recall
from helpers.evidence import labelled, seen, shown


def points(n: int, width: int = 8, seed: int = 0) -> Tensor:
    return torch.randn(n, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def line(*places: float) -> Tensor:
    return torch.tensor(places)[:, None]


@pytest.mark.parametrize("block", [2**24, 100])
def test_distances_in_blocks_of_any_size(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distances, "BLOCK", block)
    x, y = points(30) + 100, points(40, seed=1) + 100
    expected = torch.cdist(x, y, compute_mode="donot_use_mm_for_euclid_dist")
    actual = torch.cat([rows for _, rows in distances.blocks(x, y)])
    torch.testing.assert_close(actual, expected, rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(distances.nearest(x, y), expected.min(1).values, rtol=1e-12, atol=0)
    among = torch.cdist(x, x, compute_mode="donot_use_mm_for_euclid_dist")
    torch.testing.assert_close(distances.radii(x, 3), among.sort(1).values[:, 3])
    torch.testing.assert_close(distances.nearest(x, x, excluded=torch.arange(30)), among.sort(1).values[:, 1])
    assert distances.mean_distance(x) == pytest.approx(float(among.sum() / (30 * 29)), rel=1e-6)


def test_equal_points_are_at_distance_zero() -> None:
    x = points(50) * 1000
    assert distances.nearest(x, x.flip(0)).tolist() == [0] * 50


def test_precision_and_recall_by_hand() -> None:
    """Reals at 0, 1, 2, 3 reach 1 far with one neighbour; fakes at 0.5, 0.6, 10, 10.1 reach 0.1 far."""
    assert precision_recall(line(0, 1, 2, 3), line(0.5, 0.65, 10, 10.25), neighbours=1) == (0.5, 0)
    assert precision_recall(line(0, 1, 2, 3), line(0, 1, 1.5, 3.2), neighbours=1) == (1, 1)


def test_density_and_coverage_by_hand() -> None:
    """Each real sample reaches to its neighbour, at 1; a fake at 0.5 is within reach of two, one at 9 of none."""
    assert density_coverage(line(0, 1, 2, 3), line(0.5, 9), neighbours=1) == (1, 0.5)
    assert density_coverage(line(0, 1, 2, 3), line(0.5, 1.5, 2.5, 9), neighbours=1) == (1.5, 1)


def test_a_set_with_itself() -> None:
    x = points(100)
    assert precision_recall(x, x, neighbours=3) == (1, 1)
    density, coverage = density_coverage(x, x, neighbours=5)
    assert 1 <= density <= 1.2 and coverage == 1  # the fifth neighbour of each is within reach or not, by rounding


def test_two_samples_of_one_gaussian() -> None:
    real, fake = points(1_000, 64), points(1_000, 64, seed=1)
    precision, recall = precision_recall(real, fake, neighbours=3)
    density, coverage = density_coverage(real, fake, neighbours=5)
    assert precision == pytest.approx(recall, abs=0.1)
    assert density == pytest.approx(1, abs=0.15)
    assert coverage == pytest.approx(1 - 0.5**5, abs=0.04)  # Naeem et al., section 3.3: 1 - 2^-k, about


def test_a_collapse_lowers_recall_and_coverage() -> None:
    """Fakes around one of the real points, each of them real-looking."""
    real = points(300)
    evidence = shown(seen(real), seen(real[:1] + 0.01 * points(300, seed=1)))
    scores = {**PrecisionRecall()(evidence), **DensityCoverage()(evidence)}
    assert scores["precision"] == 1 and scores["recall"] < 0.01
    assert scores["coverage"] < 0.05 and scores["f_score"] < 0.02


def test_equal_numbers_and_at_most_so_many() -> None:
    real, fake = points(50), points(20, seed=1)
    precision, recall = precision_recall(real[:10], fake[:10], neighbours=3)
    scores = PrecisionRecall(most=10)(shown(seen(real), seen(fake)))
    assert (scores["precision"], scores["recall"]) == (precision, recall)
    density, coverage = density_coverage(real[:20], fake, neighbours=5)
    assert DensityCoverage()(shown(seen(real), seen(fake))) == {"coverage": coverage, "density": density}


def test_too_few_for_neighbours() -> None:
    evidence = shown(seen(points(50)), seen(points(5)))
    with pytest.raises(
        IncompatibleError, match="density_coverage looks at 5 neighbours of each sample, and there are 5 samples"
    ):
        DensityCoverage()(evidence)
    assert PrecisionRecall()(evidence)


def test_another_implementation_agrees() -> None:
    theirs = pytest.importorskip("torch_fidelity.metric_prc")
    real, fake = points(500, 12), points(500, 12, seed=1) * 0.8
    settings = {"prc_neighborhood": 3, "prc_batch_size": 100, "save_cpu_ram": False, "verbose": False}
    expected = theirs.prc_features_to_metric(fake, real, **settings)
    scores = PrecisionRecall()(shown(seen(real), seen(fake)))
    assert scores == pytest.approx(expected, rel=1e-6)


def test_copies_are_seen() -> None:
    x = points(400)
    real, held = seen(x[:200]), seen(x[200:])
    copies = shown(real, seen(x[:100]), held)
    assert NearestNeighbour()(copies) == {"nearest_neighbour": 0, "copies": 1}
    healthy = NearestNeighbour()(shown(real, seen(points(200, seed=1)), held))
    assert healthy["nearest_neighbour"] == pytest.approx(1, abs=0.1) and healthy["copies"] == 0
    half = NearestNeighbour()(shown(real, seen(torch.cat([x[:50], points(50, seed=1) * 3])), held))
    assert half["copies"] == 0.5
    assert NearestNeighbour().floor(copies) == {"nearest_neighbour": 1, "copies": 0}


def test_copies_of_data_without_a_test_part() -> None:
    """The half that is held out was trained on too: copies of it are copies, and it is not near itself."""
    x = points(400)
    evidence = shown(seen(x[:200]), seen(x[200:300]), seen(x[200:]), test_part=False)
    assert NearestNeighbour()(evidence) == {"nearest_neighbour": 0, "copies": 1}
    assert NearestNeighbour().floor(evidence) == {"nearest_neighbour": 1, "copies": 0}


def test_copies_cannot_be_told_where_all_data_is_alike() -> None:
    still = seen(torch.zeros(10, 2))
    with pytest.raises(IncompatibleError, match="held-out samples equal those of a training sample"):
        NearestNeighbour()(shown(still, still))


def test_diversity_is_relative_to_real_samples() -> None:
    x = points(100)
    assert Diversity()(shown(seen(x), seen(x)))["diversity"] == pytest.approx(1)
    assert Diversity()(shown(seen(x), seen(x / 4)))["diversity"] == pytest.approx(0.25)
    assert Diversity()(shown(seen(x), seen(x[:1].expand(50, -1))))["diversity"] == pytest.approx(0, abs=1e-6)


def test_diversity_within_classes() -> None:
    """One sample for each class is no diversity, however far apart classes are."""
    real = labelled(line(0, 1, 100, 103), [0, 0, 1, 1])
    fake = labelled(line(0, 0, 100, 101), [0, 0, 1, 1])
    assert Diversity()(shown(real, fake))["diversity"] == pytest.approx(0.25, abs=1e-6)
    assert Diversity()(shown(real, seen(fake.x)))["diversity"] > 0.9
