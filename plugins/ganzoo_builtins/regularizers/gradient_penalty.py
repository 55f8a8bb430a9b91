"""The gradient penalty of WGAN-GP, Gulrajani et al. 2017 (arXiv:1704.00028), eq. (3)."""

import torch
from pydantic import NonNegativeFloat, PositiveInt
from torch import Tensor

from ganzoo import Critic, Regularizer, Terms
from ganzoo_builtins.regularizers.gradients import gradient_norms


class GradientPenalty(Regularizer):
    """weight * E (||grad D(x)|| - 1)^2 at points x between a real and a fake sample, one random point for each pair.

    weight: lambda, 10 in the paper (0.1 for its two-dimensional toys).
    one_sided: norms below 1 go unpunished (section 4, "two-sided penalty", discusses both).
    every: lazy regularization, see Regularizer.
    """

    per_sample = True

    def __init__(self, weight: NonNegativeFloat = 10.0, one_sided: bool = False, every: PositiveInt = 1):
        self.weight = weight
        self.one_sided = one_sided
        self.every = every

    def terms(self, critic: Critic, real: Tensor, fake: Tensor) -> Terms:
        epsilon = torch.rand(len(real), *[1] * (real.dim() - 1), device=real.device)  # (N, 1, ...)
        between = epsilon * real + (1 - epsilon) * fake  # (N, *shape)
        excess = gradient_norms(critic, between) - 1  # (N,)
        if self.one_sided:
            excess = excess.relu()
        return {"gradient_penalty": self.weight * excess.square().mean()}
