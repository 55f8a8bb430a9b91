"""The gradient penalty of DRAGAN, Kodali et al. 2017 (arXiv:1705.07215)."""

import torch
from pydantic import NonNegativeFloat, PositiveInt
from torch import Tensor

from ganzoo import Critic, Regularizer, Terms
from ganzoo_builtins.regularizers.gradients import gradient_norms


class DRAGAN(Regularizer):
    """weight * E (||grad D(x + delta)|| - 1)^2 close to real samples, for the loss `non_saturating`.

    The noise is that of the authors' code (the paper's is Gaussian): each pixel moves by a uniform share of `spread`
    standard deviations of the batch, and each sample goes a uniform share of that way.

    weight: lambda, 10 in the paper. spread: 0.5 in the authors' code. every: lazy regularization, see Regularizer.
    """

    per_sample = True

    def __init__(self, weight: NonNegativeFloat = 10.0, spread: NonNegativeFloat = 0.5, every: PositiveInt = 1):
        self.weight = weight
        self.spread = spread
        self.every = every

    def terms(self, critic: Critic, real: Tensor, fake: Tensor) -> Terms:
        alpha = torch.rand(len(real), *[1] * (real.dim() - 1), device=real.device)  # (N, 1, ...)
        delta = alpha * self.spread * real.std(correction=0) * torch.rand_like(real)  # (N, *shape)
        excess = gradient_norms(critic, real + delta) - 1  # (N,)
        return {"dragan": self.weight * excess.square().mean()}
