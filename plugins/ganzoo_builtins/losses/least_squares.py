"""The least-squares loss of LSGAN, Mao et al. 2017 (arXiv:1611.04076), eq. (2)."""

from pydantic import PositiveFloat
from torch import Tensor

from ganzoo import Loss, Terms
from ganzoo_builtins.losses.accuracy import accuracy


class LeastSquares(Loss):
    """Squared distance of logits to targets, named by the paper's letters.

    Targets (a, b, c) of (0, 1, 1) are the paper's eq. (9); (-1, 1, 0), its eq. (8), minimises a Pearson chi-square
    divergence.

    Args:
        a: The discriminator's target on fakes.
        b: The discriminator's target on real samples.
        c: The generator's target on fakes.
        d_weight: Factor of the discriminator's loss; 0.5 in the paper.
        g_weight: Factor of the generator's loss; 0.5 in the paper, 1 in PyTorch-GAN's `cgan`.
    """

    def __init__(
        self,
        a: float = 0.0,
        b: float = 1.0,
        c: float = 1.0,
        d_weight: PositiveFloat = 0.5,
        g_weight: PositiveFloat = 0.5,
    ):
        self.a = a
        self.b = b
        self.c = c
        self.d_weight = d_weight
        self.g_weight = g_weight
        self.threshold = (a + b) / 2  # as far from the target of either

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        return self.d_weight * ((real - self.b).square().mean() + (fake - self.a).square().mean())

    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        return self.g_weight * (fake - self.c).square().mean()

    def report(self, real: Tensor, fake: Tensor) -> Terms:
        return accuracy(real, fake, (self.a + self.b) / 2)
