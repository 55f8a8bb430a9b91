"""Modes of stacked digits: what the referee reads is counted right, and real data score what sampling leaves."""

from __future__ import annotations

import math

import pytest
import torch

from ganzoo import Evidence, IncompatibleError, Spec
from ganzoo.data.loader import normalised
from ganzoo_builtins.datasets.digits import Digits
from ganzoo_builtins.datasets.stacked_mnist import StackedMNIST
from ganzoo_builtins.metrics.stacked_modes import StackedModes
from helpers.evidence import seen

DATA = StackedMNIST(of="digits", n=104_000)


@pytest.fixture(scope="module")
def metric(tmp_path_factory: pytest.TempPathFactory) -> StackedModes:
    metric = StackedModes(steps=200)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GANZOO_CACHE", str(tmp_path_factory.mktemp("cache")))
        metric(of(StackedMNIST(of="digits", n=4)))
    metric.ready = DATA
    return metric


def of(fakes: StackedMNIST) -> Evidence:
    x = seen(normalised(fakes.tensors())["x"])
    return Evidence(x, x, x, fakes)


def test_real_data_score_what_sampling_leaves(metric: StackedModes) -> None:
    """26,000 of them: 999 / (2 * 26000) in the mean, its standard deviation sqrt(2 * 999) / (2 * 26000) = 0.0009. The
    classes of the digits are not quite equal, which adds their own divergence."""
    held = DATA.held_out()
    assert len(held) == 26_000
    x = seen(normalised(held.tensors())["x"])
    scores = metric(Evidence(x, x, x, DATA))
    shares = Digits().tensors()["y"].bincount() / 1797
    unequal = 3 * (math.log(10) + float(torch.xlogy(shares, shares).sum()))
    assert unequal < 0.001
    assert scores["stacked_modes"] == 1000
    assert scores["stacked_kl"] == pytest.approx(999 / 52_000, abs=0.004)


def test_modes_are_counted(metric: StackedModes) -> None:
    """Real digits of which the referee is right: one triple, and two."""
    x = normalised(Digits().tensors())["x"]
    y = metric.referee.logits(x).argmax(1)
    one, two = (x[y == digit][:1] for digit in (1, 2))
    stacked = torch.cat([torch.cat([one, two, two], 1), torch.cat([two, one, one], 1)])  # (2, 3, 8, 8)
    counts = metric.counts(stacked, 10)
    assert counts.nonzero().flatten().tolist() == [122, 211]
    alone = seen(stacked[:1].expand(50, -1, -1, -1))
    assert metric(Evidence(alone, alone, alone, DATA)) == {
        "stacked_modes": 1,
        "stacked_kl": pytest.approx(math.log(1000)),
    }


def test_data_that_is_not_stacked_is_refused() -> None:
    with pytest.raises(IncompatibleError, match="stacked_mnist"):
        StackedModes().check(Spec((1, 8, 8), 10), Digits(), conditional=False)
    with pytest.raises(IncompatibleError, match="stacked_mnist"):
        StackedModes().check(Spec((3, 9, 9)), DATA, conditional=False)
