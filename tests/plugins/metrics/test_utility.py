"""Classifiers trained on real samples, generated ones, and both."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ganzoo import Evidence, IncompatibleError, Spec
from ganzoo_builtins.metrics.utility import Utility
from helpers.evidence import labelled, shown

UTILITY = Utility(learners=2, steps=60)


def clouds(n: int, seed: int) -> tuple[Tensor, Tensor]:
    """Two clouds far from the origin and from each other: (n, 2), (n,)."""
    y = torch.arange(n) % 2
    noise = torch.randn(n, 2, generator=torch.Generator().manual_seed(seed))
    return 1000 + 20 * y[:, None] + noise, y


def learned_from(x: Tensor, y: Tensor) -> Evidence:
    return shown(labelled(*clouds(200, 0)), labelled(x, y), labelled(*clouds(100, 1)), spec=Spec((2,), classes=2))


def test_good_samples_replace_real_ones() -> None:
    evidence = learned_from(*clouds(100, 2))
    assert UTILITY(evidence) == {"utility_both": 1, "utility_synthetic": 1, "utility_real": 1}
    assert UTILITY.floor(evidence) == {"utility_both": 1, "utility_synthetic": 1, "utility_real": 1}


def test_swapped_classes_teach_the_opposite_and_the_floor_stays() -> None:
    x, y = clouds(100, 2)
    scores = UTILITY(learned_from(x, 1 - y))
    assert scores["utility_synthetic"] == 0 and scores["utility_real"] == 1
    assert UTILITY.floor(learned_from(x, 1 - y))["utility_synthetic"] == 1


def test_samples_of_a_class_that_is_missing_help() -> None:
    """Real samples of one class alone read half of the held-out ones; generated ones of the other teach the rest."""
    (x, y), (a, b) = clouds(400, 0), clouds(400, 2)
    real, fake = labelled(x[y == 0], y[y == 0]), labelled(a[b == 1], b[b == 1])
    evidence = shown(real, fake, labelled(*clouds(100, 1)), spec=Spec((2,), classes=2))
    assert UTILITY(evidence) == {"utility_both": 1, "utility_synthetic": 0.5, "utility_real": 0.5}


def test_one_real_sample_is_too_few() -> None:
    x, y = clouds(100, 2)
    with pytest.raises(IncompatibleError, match="two real samples and a generated one"):
        UTILITY(shown(labelled(x[:1], y[:1]), labelled(x, y), spec=Spec((2,), classes=2)))
