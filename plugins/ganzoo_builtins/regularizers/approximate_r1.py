"""The R1 penalty by finite differences, Lin et al. 2025 (arXiv:2501.08316), section 3.3; and R2 in the same way."""

import torch
from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt
from torch import Tensor, nn

from ganzoo import Comparison, IncompatibleError, Regularizer, Schedulable, Spec, Terms
from ganzoo_builtins.regularizers.differences import difference


class ApproximateR1(Regularizer):
    """Penalty weight * E (D(x) - D(x + std * noise))^2 at real samples x, with standard normal noise.

    For small noise it is R1 with a weight of 2 * weight * std^2, 0.02 by default: std^2 times the squared gradient on
    average, without a second derivative. So it works in compiled networks (`run.compile`), costs one pass more instead
    of a pass through a gradient, and accepts batch norm. A single draw is off by a factor of 1.4 (standard deviation),
    of which the mean over the batch is taken.

    Args:
        weight: The paper's lambda, 100 there. For the weight w of `r1` set w / (2 * std^2).
        std: Standard deviation of the noise; 0.01 in the paper for images, 0.1 for videos.
        every: Steps from one computation of the penalty to the next; it is multiplied by as many.
    """

    def __init__(
        self, weight: Schedulable[NonNegativeFloat] = 100.0, std: PositiveFloat = 0.01, every: PositiveInt = 1
    ):
        self.weight = weight
        self.std = std
        self.every = every

    def attach(self, discriminator: nn.Module, generator: nn.Module, spec: Spec) -> None:
        if spec.vocab:
            raise IncompatibleError(
                f"regularizer {type(self).__name__} adds noise to numbers, and samples are token ids: leave it out."
            )

    def terms(self, comparison: Comparison) -> Terms:
        return {"approximate_r1": self.weight * self.roughness(comparison, comparison.real)}

    def roughness(self, comparison: Comparison, x: Tensor) -> Tensor:
        """Return the mean squared change of the logits of samples (N, *shape) by noise, a scalar."""
        return difference(comparison.critic, x, x + self.std * torch.randn_like(x)).square().mean()


class ApproximateR2(ApproximateR1):
    """Penalty weight * E (D(x) - D(x + std * noise))^2 at fake samples x: `approximate_r1` for fakes.

    Args:
        weight: The paper's lambda, 100 there. For the weight w of `r2` set w / (2 * std^2).
        std: Standard deviation of the noise; 0.01 in the paper for images, 0.1 for videos.
        every: Steps from one computation of the penalty to the next; it is multiplied by as many.
    """

    def __init__(
        self, weight: Schedulable[NonNegativeFloat] = 100.0, std: PositiveFloat = 0.01, every: PositiveInt = 1
    ):
        super().__init__(weight, std, every)

    def terms(self, comparison: Comparison) -> Terms:
        return {"approximate_r2": self.weight * self.roughness(comparison, comparison.fake)}
