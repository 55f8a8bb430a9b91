"""A classifier that learns from generated samples."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ganzoo import Evidence, IncompatibleError, Spec
from ganzoo_builtins.metrics.gan_train import GANTrain
from helpers.evidence import labelled, shown

STEPS = 60


def clouds(n: int, seed: int) -> tuple[Tensor, Tensor]:
    """Two clouds far from the origin and from each other: (n, 2), (n,)."""
    y = torch.arange(n) % 2
    noise = torch.randn(n, 2, generator=torch.Generator().manual_seed(seed))
    return 1000 + 20 * y[:, None] + noise, y


def learned_from(x: Tensor, y: Tensor) -> Evidence:
    return shown(labelled(*clouds(100, 0)), labelled(x, y), labelled(*clouds(100, 1)), spec=Spec((2,), classes=2))


def test_one_learns_from_good_samples() -> None:
    assert GANTrain(STEPS)(learned_from(*clouds(100, 2))) == {"gan_train": 1}


def test_and_the_opposite_from_swapped_classes() -> None:
    x, y = clouds(100, 2)
    assert GANTrain(STEPS)(learned_from(x, 1 - y)) == {"gan_train": 0}
    assert GANTrain(STEPS).floor(learned_from(x, 1 - y)) == {"gan_train": 1}


def test_one_sample_for_each_class_is_a_poor_lesson() -> None:
    """Their classes are told apart somewhere else than where the clouds are."""
    x, y = torch.tensor([[1000.0, 1000.0], [1001.0, 1001.0]]), torch.tensor([0, 1])
    assert GANTrain(STEPS)(learned_from(x[y.repeat(50)], y.repeat(50)))["gan_train"] < 0.9


def test_token_ids_have_no_student() -> None:
    with pytest.raises(IncompatibleError, match="gan_train has a classifier for images and points"):
        GANTrain().check(Spec((5,), classes=2, vocab=9), shown(*[labelled(*clouds(4, 0))] * 2).data, conditional=True)
