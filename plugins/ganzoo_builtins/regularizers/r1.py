"""The R1 penalty of Mescheder et al. 2018 (arXiv:1801.04406), eq. (9)."""

from pydantic import NonNegativeFloat, PositiveInt
from torch import Tensor

from ganzoo import Critic, Regularizer, Terms
from ganzoo_builtins.regularizers.gradients import gradients


class R1(Regularizer):
    """weight / 2 * E ||grad D(x)||^2 at real samples x.

    weight: the paper's gamma, 10 there. Its code leaves the half out: reg_param = 10 in it is a weight of 20 here.
    every: lazy regularization, see Regularizer; StyleGAN2 takes 16.
    """

    per_sample = True

    def __init__(self, weight: NonNegativeFloat = 10.0, every: PositiveInt = 1):
        self.weight = weight
        self.every = every

    def terms(self, critic: Critic, real: Tensor, fake: Tensor) -> Terms:
        return {"r1": self.weight / 2 * gradients(critic, real).square().sum(dim=1).mean()}
