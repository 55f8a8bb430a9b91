"""The R2 penalty of Mescheder et al. 2018 (arXiv:1801.04406), eq. (10)."""

from pydantic import NonNegativeFloat, PositiveInt

from ganzoo import Comparison, Regularizer, Schedulable, Terms
from ganzoo_builtins.regularizers.gradients import gradients


class R2(Regularizer):
    """Penalty weight / 2 * E ||grad D(x)||^2 at fake samples x.

    Args:
        weight: The paper's gamma, 10 there. Its code leaves out the half: its reg_param = 10 is a weight of 20 here.
        every: Steps from one computation of the penalty to the next; it is multiplied by as many.
    """

    per_sample = True

    def __init__(self, weight: Schedulable[NonNegativeFloat] = 10.0, every: PositiveInt = 1):
        self.weight = weight
        self.every = every

    def terms(self, comparison: Comparison) -> Terms:
        return {"r2": self.weight / 2 * gradients(comparison.critic, comparison.fake).square().sum(dim=1).mean()}
