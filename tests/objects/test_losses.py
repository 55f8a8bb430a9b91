"""Losses given in Python: pairs of functions, criteria, and what is refused."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import ganzoo
from ganzoo.errors import IncompatibleError
from ganzoo.objects import losses

REAL, FAKE = torch.tensor([1.0, 3.0]), torch.tensor([0.0, -2.0])


class Steep(ganzoo.Loss):
    def __init__(self, weight: float = 2.0):
        self.weight = weight

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        return self.weight * (fake.mean() - real.mean())

    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        return -fake.mean()


def test_a_pair_of_functions_of_logits() -> None:
    loss = losses.target((lambda real, fake: fake.sum() - real.sum(), lambda fake: -fake.sum()))()
    assert loss.discriminator(REAL, FAKE).item() == -6.0
    assert loss.generator(None, FAKE).item() == 2.0 and not loss.uses_real
    relativistic = losses.target((lambda real, fake: fake.sum(), lambda real, fake: (real - fake).sum()))()
    assert relativistic.uses_real and relativistic.generator(REAL, FAKE).item() == 6.0


def test_a_criterion_compares_with_one_and_zero() -> None:
    squared = losses.target(nn.MSELoss())()
    assert squared.discriminator(REAL, FAKE).item() == pytest.approx((0 + 4) / 2 + (0 + 4) / 2)
    assert squared.generator(None, FAKE).item() == pytest.approx((1 + 9) / 2)
    assert squared.threshold == 0.5
    entropy = losses.target(nn.BCEWithLogitsLoss)()
    assert entropy.generator(None, torch.zeros(3)).item() == pytest.approx(math.log(2))
    assert entropy.threshold == 0.0
    assert losses.target(nn.functional.l1_loss)().threshold is None


def test_a_loss_of_ganzoo_stays_what_it_is() -> None:
    assert losses.target(Steep) is Steep
    given = Steep(3.0)
    built = losses.target(given)()
    assert built is not given and built.discriminator(REAL, FAKE).item() == 3.0 * -3.0
    assert losses.target(lambda: Steep(5.0))().weight == 5.0


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (nn.BCELoss(), "BCELoss takes probabilities"),
        (3, "loss is a int: give a ganzoo.Loss"),
        ((torch.sum,), "loss is a tuple"),
    ],
)
def test_what_is_no_loss_is_refused(given: Any, told: str) -> None:
    with pytest.raises(IncompatibleError, match=told):
        losses.target(given)


def test_a_loss_is_one_number() -> None:
    built = losses.target(nn.MSELoss(reduction="none"))()
    with pytest.raises(IncompatibleError, match=r"a tensor of shape \(2,\) for the discriminator: return one number"):
        built.discriminator(REAL, FAKE)
    with pytest.raises(IncompatibleError, match="a float for the generator"):
        losses.target((torch.sum, lambda fake: 1.0))().generator(None, FAKE)
