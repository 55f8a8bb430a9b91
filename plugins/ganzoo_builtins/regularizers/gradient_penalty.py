"""The gradient penalty of WGAN-GP, Gulrajani et al. 2017 (arXiv:1704.00028), eq. (3)."""

import torch
from pydantic import NonNegativeFloat, PositiveInt

from ganzoo import Comparison, Regularizer, Schedulable, Terms
from ganzoo_builtins.regularizers.gradients import gradient_norms


class GradientPenalty(Regularizer):
    """Penalty weight * E (||grad D(x)|| - 1)^2 at a random point x between each real sample and a fake.

    Args:
        weight: The paper's lambda: 10 for images, 0.1 for its two-dimensional toy data.
        one_sided: Penalise only norms above 1; section 4, "two-sided penalty", discusses both.
        every: Steps from one computation of the penalty to the next; it is multiplied by as many.
    """

    per_sample = True

    def __init__(self, weight: Schedulable[NonNegativeFloat] = 10.0, one_sided: bool = False, every: PositiveInt = 1):
        self.weight = weight
        self.one_sided = one_sided
        self.every = every

    def terms(self, comparison: Comparison) -> Terms:
        real, fake = comparison.real, comparison.fake
        epsilon = torch.rand(len(real), *[1] * (real.dim() - 1), device=real.device)  # (N, 1, ...)
        between = epsilon * real + (1 - epsilon) * fake  # (N, *shape)
        excess = gradient_norms(comparison.critic, between) - 1  # (N,)
        if self.one_sided:
            excess = excess.relu()
        return {"gradient_penalty": self.weight * excess.square().mean()}
