"""A classifier that learns from generated samples."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from evidence import labelled, shown
from ganzoo import Evidence, Misfit, Spec
from ganzoo_builtins.metrics.gan_train import GANTrain
from ganzoo_builtins.metrics.student import student, taught

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


def test_the_same_student_each_time() -> None:
    spec, (x, y) = Spec((2,), classes=2), clouds(100, 0)
    one = taught(spec, x, y, steps=3)
    torch.rand(5)
    other = taught(spec, x, y, steps=3)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))
    assert not one.training


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (1, 8, 8), (3, 50, 41), (5,)])
def test_students_of_every_shape(shape: tuple[int, ...]) -> None:
    assert student(Spec(shape, classes=4))(torch.zeros(2, *shape)).shape == (2, 4)


def test_token_ids_have_no_student() -> None:
    with pytest.raises(Misfit, match="gan_train has a classifier for images and points"):
        GANTrain().check(Spec((5,), classes=2, vocab=9), shown(*[labelled(*clouds(4, 0))] * 2).data, conditional=True)
