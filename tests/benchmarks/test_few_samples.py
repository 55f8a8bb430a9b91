"""The comparison of a distance of few samples with the Fréchet distance of many."""

from __future__ import annotations

import torch

from few_samples import Row, agreement, interval, table
from ganzoo_builtins.metrics.frechet import frechet_distance, moments

ROWS = [
    Row(10, 9.0, 10.0, 11.0, value=5.0, least=4.5, largest=5.5),
    Row(20, 7.0, 8.0, 9.5, value=6.0, least=5.0, largest=6.5),  # not told apart from the first
    Row(30, 1.0, 2.0, 3.0, value=4.0, least=3.0, largest=5.0),
    Row(40, 0.1, 0.2, 0.3, value=4.5, least=4.0, largest=4.75),  # in the wrong order with the one before
]


def test_pairs_that_are_told_apart_count_and_others_do_not() -> None:
    assert agreement(ROWS) == (5, 4)
    assert [*table("a", "mind", ROWS)][2] == "| 10 | 10.0000 (9.0000 to 11.0000) | 5.0000 (4.5000 to 5.5000) |"
    assert [*table("a", "mind", ROWS)][-1] == "4 of 5 pairs that are told apart are ordered alike.\n"


def test_an_interval_is_around_the_distance() -> None:
    noise = torch.Generator().manual_seed(0)
    real, fake = torch.randn(400, 3, generator=noise), torch.randn(300, 3, generator=noise) + 1
    low, high = interval(moments(real), fake, resamples=50)
    distance = frechet_distance(real, fake)
    assert low < distance < high
    assert 0.1 < high - low < 2
