"""The hinge loss of Lim and Ye 2017, "Geometric GAN" (arXiv:1705.02894), used by SAGAN and BigGAN."""

from torch import Tensor
from torch.nn.functional import relu

from ganzoo import Loss


class Hinge(Loss):
    """The discriminator learns from samples inside its margins only: real ones below 1, fake ones above -1."""

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        return relu(1 - real).mean() + relu(1 + fake).mean()

    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        return -fake.mean()
