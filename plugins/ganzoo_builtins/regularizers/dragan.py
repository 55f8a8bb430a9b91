"""The gradient penalty of DRAGAN, Kodali et al. 2017 (arXiv:1705.07215)."""

import torch
from pydantic import NonNegativeFloat, PositiveInt

from ganzoo import Comparison, Regularizer, Schedulable, Terms
from ganzoo_builtins.regularizers.gradients import gradient_norms


class DRAGAN(Regularizer):
    """Penalty weight * E (||grad D(x + delta)|| - 1)^2 close to real samples x, for the loss `non_saturating`.

    The noise delta is that of the authors' code (the paper's is Gaussian): for each pixel a uniform share of `spread`
    standard deviations of the batch, multiplied by a uniform number in (0, 1) for each sample.

    Args:
        weight: The paper's lambda, 10 there.
        spread: Largest noise in standard deviations of the batch; 0.5 in the authors' code.
        every: Steps from one computation of the penalty to the next; it is multiplied by as many.
    """

    per_sample = True

    def __init__(
        self, weight: Schedulable[NonNegativeFloat] = 10.0, spread: NonNegativeFloat = 0.5, every: PositiveInt = 1
    ):
        self.weight = weight
        self.spread = spread
        self.every = every

    def terms(self, comparison: Comparison) -> Terms:
        real = comparison.real
        alpha = torch.rand(len(real), *[1] * (real.dim() - 1), device=real.device)  # (N, 1, ...)
        delta = alpha * self.spread * real.std(correction=0) * torch.rand_like(real)  # (N, *shape)
        excess = gradient_norms(comparison.critic, real + delta) - 1  # (N,)
        return {"dragan": self.weight * excess.square().mean()}
