"""The loss of the energy-based GAN, Zhao, Mathieu and LeCun 2017 (arXiv:1609.03126), eqs. (1) and (2)."""

from pydantic import PositiveFloat
from torch import Tensor
from torch.nn.functional import relu

from ganzoo import Loss


class Energy(Loss):
    """Margin loss: the discriminator lowers the energy of real samples and raises that of fakes, up to the margin m.

        discriminator: E(x) + [m - E(G(z))]+        generator: E(G(z))

    The energy is minus the logit, since large logits mean real here. The discriminator should have a lowest energy,
    such as an auto-encoder, whose energy is its reconstruction error.

    Args:
        margin: The paper's m, on the scale of the energy: 10 in the paper for MNIST. At the paper's equilibrium the
            discriminator's loss is m. With an error that is a mean over pixels in [-1, 1], m is below 1; with a sum, 10
            to 100.
    """

    threshold = None

    def __init__(self, margin: PositiveFloat = 1.0):
        self.margin = margin

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        real_energy, fake_energy = -real, -fake
        return real_energy.mean() + relu(self.margin - fake_energy).mean()

    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        fake_energy = -fake
        return fake_energy.mean()
