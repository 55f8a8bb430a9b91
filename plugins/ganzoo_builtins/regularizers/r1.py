"""The R1 penalty of Mescheder et al. 2018 (arXiv:1801.04406), eq. (9)."""

from pydantic import NonNegativeFloat, PositiveInt
from torch import nn

from ganzoo import Comparison, IncompatibleError, Regularizer, Schedulable, Terms
from ganzoo_builtins.regularizers.gradients import gradients


class R1(Regularizer):
    """Penalty weight / 2 * E ||grad D(x)||^2 at real samples x.

    Args:
        weight: The paper's gamma, 10 there. Its code leaves out the half: its reg_param = 10 is a weight of 20 here.
        every: Steps from one computation of the penalty to the next; it is multiplied by as many. 16 in StyleGAN2.
        mixed_samples: Accept a discriminator that mixes the samples of a batch, as StyleGAN2's does on purpose: what is
            penalised at each sample is then the gradient of the sum of all logits.
    """

    per_sample = True

    def __init__(
        self, weight: Schedulable[NonNegativeFloat] = 10.0, every: PositiveInt = 1, mixed_samples: bool = False
    ):
        self.weight = weight
        self.every = every
        self.mixed_samples = mixed_samples

    def check(self, critic: nn.Module) -> None:
        if self.mixed_samples:
            return
        try:
            super().check(critic)
        except IncompatibleError as refusal:
            raise IncompatibleError(f"{refusal.message} mixed_samples = true penalises it nevertheless.") from None

    def terms(self, comparison: Comparison) -> Terms:
        return {"r1": self.weight / 2 * gradients(comparison.critic, comparison.real).square().sum(dim=1).mean()}
