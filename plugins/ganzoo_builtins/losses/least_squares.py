"""The least-squares loss of LSGAN, Mao et al. 2017 (arXiv:1611.04076), eq. (2)."""

from pydantic import PositiveFloat
from torch import Tensor

from ganzoo import Loss


class LeastSquares(Loss):
    """Logits are read as values and pulled towards targets, in the paper's letters.

    a: the discriminator's target on fake samples. b: its target on real ones. c: what the generator wants its fakes
        to score. (0, 1, 1) is the paper's eq. (9); (-1, 1, 0), its eq. (8), minimises a Pearson chi-square divergence.
    d_weight, g_weight: factor on each player's loss, one half in the paper. PyTorch-GAN's cgan has g_weight = 1.
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

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        return self.d_weight * ((real - self.b).square().mean() + (fake - self.a).square().mean())

    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        return self.g_weight * (fake - self.c).square().mean()
