"""The hinge loss of Lim and Ye 2017, "Geometric GAN" (arXiv:1705.02894), used by SAGAN and BigGAN."""

from torch import Tensor
from torch.nn.functional import relu

from ganzoo import Loss, Terms
from ganzoo_builtins.losses.accuracy import accuracy


class Hinge(Loss):
    """Hinge loss: only real samples with logits below 1, and fakes with logits above -1, train the discriminator."""

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        return relu(1 - real).mean() + relu(1 + fake).mean()

    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        return -fake.mean()

    def report(self, real: Tensor, fake: Tensor) -> Terms:
        return accuracy(real, fake)
