"""The numbers of the two papers' formulas, by hand."""

import ganzoo
import torch
from torch import nn

from ganzoo_steady.loss import Pearson
from ganzoo_steady.regularizer import Consistency


def compared(critic, x):
    """Return what the regularizer is handed where real and generated samples are equal."""
    return ganzoo.Comparison.of(nn.Identity(), nn.Identity(), x, x, judge=critic)


def test_the_losses_are_those_of_the_formula():
    real, fake = torch.tensor([1.0, 3.0]), torch.tensor([2.0, -2.0])
    assert Pearson().discriminator(real, fake).item() == (3 - 1) / 2 - 2  # f*(2) = 3, f*(-2) = -1
    assert Pearson().generator(None, fake).item() == 0.0


def test_the_best_logit_is_the_one_of_the_paper():
    """Where real samples are three times as likely as fakes, T = 2 (3 - 1) = 4."""
    t = torch.tensor(4.0, requires_grad=True)
    loss = Pearson().discriminator(torch.zeros(1), t[None]) - 3 * t  # f*(T) for each fake, T for each of three real
    (gradient,) = torch.autograd.grad(loss, t)
    assert gradient.item() == 0.0


def test_a_critic_that_sees_no_move_pays_nothing():
    x = torch.randn(6, 1, 8, 8)
    terms = Consistency(weight=10, flip=True).terms(compared(lambda x: x.sum((1, 2, 3)), x))
    torch.testing.assert_close(terms["consistency"], torch.tensor(0.0), atol=1e-6, rtol=0)


def test_a_linear_critic_of_points_pays_for_the_noise():
    """D(x) = w.x changes by N(0, jitter^2 |w|^2), whose mean square is known."""
    torch.manual_seed(0)
    w, x = torch.tensor([3.0, 4.0]), torch.zeros(200_000, 2)
    penalty = Consistency(weight=2, jitter=0.1).terms(compared(lambda x: x @ w, x))["consistency"]
    torch.testing.assert_close(penalty.item(), 2 * 0.01 * 25, rtol=0.02, atol=0)
