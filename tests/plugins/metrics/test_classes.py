"""Metrics of classes, from logits written by hand."""

from __future__ import annotations

import math

import pytest
import torch

from ganzoo import IncompatibleError, Seen
from ganzoo_builtins.metrics.classes import ClassBalance, ClassCoverage
from ganzoo_builtins.metrics.gan_test import GANTest
from ganzoo_builtins.metrics.inception_score import InceptionScore, inception_score
from helpers.evidence import AsTheyAre, classified, seen, shown

REAL = classified(0, 1, 2, 3, of=4)


def test_inception_score_of_a_referee_that_knows_nothing() -> None:
    assert inception_score(torch.zeros(10, 7)) == pytest.approx(1)


def test_inception_score_of_a_sure_referee_and_equal_classes() -> None:
    sure = classified(*range(7), of=7).logits
    assert inception_score(sure) == pytest.approx(7)
    assert inception_score(sure[:3]) == pytest.approx(3)  # of classes that nobody sees the share is 0, not NaN
    assert inception_score(sure[:1]) == pytest.approx(1)


def test_inception_score_in_parts() -> None:
    """Two parts: one of two classes, one of a single one."""
    evidence = shown(REAL, classified(0, 1, 2, 2, of=4))
    assert InceptionScore(splits=2)(evidence) == {"inception_score": pytest.approx(1.5), "inception_score_std": 0.5}
    with pytest.raises(IncompatibleError, match="10 parts, and there are 4 samples"):
        InceptionScore()(evidence)


def test_another_implementation_agrees() -> None:
    theirs = pytest.importorskip("torch_fidelity.metric_isc")
    logits = 3 * torch.randn(203, 10, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    expected = theirs.isc_features_to_metric(logits, splits=10, shuffle=False)
    scores = InceptionScore()(shown(REAL, seen(logits)))
    assert scores["inception_score"] == pytest.approx(expected["inception_score_mean"], rel=1e-6)
    assert scores["inception_score_std"] == pytest.approx(expected["inception_score_std"], rel=1e-6)


def test_gan_test_is_the_share_of_what_was_asked_for() -> None:
    fake = classified(0, 1, 2, 3, of=4)
    asked = Seen(fake.x, torch.tensor([0, 1, 2, 0]), AsTheyAre())
    assert GANTest()(shown(REAL, asked)) == {"gan_test": 0.75}
    assert GANTest().floor(shown(REAL, asked)) == {"gan_test": 1}


def test_classes_that_are_there() -> None:
    assert ClassCoverage()(shown(REAL, classified(0, 0, 1, 1, of=4))) == {"class_coverage": 2}
    assert ClassCoverage().floor(shown(REAL, classified(0, 0, 1, 1, of=4))) == {"class_coverage": 4}


def test_a_class_that_is_there_by_mistake_does_not_count() -> None:
    """One sample of 100 is less than a tenth of the quarter that is expected."""
    fake = classified(*[0] * 50, *[1] * 49, 2, of=4)
    assert ClassCoverage()(shown(REAL, fake)) == {"class_coverage": 2}
    assert ClassCoverage(least=0.04)(shown(REAL, fake)) == {"class_coverage": 3}


def test_a_class_that_the_data_has_not_does_not_count() -> None:
    real = classified(0, 1, 2, 3, of=5)
    assert ClassCoverage()(shown(real, classified(0, 1, 4, of=5))) == {"class_coverage": 2}


def test_a_rare_class_counts_by_its_own_share() -> None:
    real = classified(*[0] * 99, 1, of=3)
    assert ClassCoverage()(shown(real, classified(*[0] * 499, 1, of=3))) == {"class_coverage": 2}


def test_balance() -> None:
    assert ClassBalance()(shown(REAL, classified(0, 1, 2, 3, 3, 2, 1, 0, of=4))) == {"class_balance": 0}
    assert ClassBalance()(shown(REAL, classified(0, 0, 0, of=4))) == {"class_balance": 0.75}
    assert ClassBalance()(shown(REAL, classified(0, 1, 2, 2, of=4))) == {"class_balance": 0.25}


def test_the_inception_score_knows_no_data() -> None:
    fake = classified(*range(4), *range(4), *range(4), of=4)
    score = InceptionScore(splits=3)(shown(classified(0, of=4), fake))
    assert math.isclose(score["inception_score"], 4)
