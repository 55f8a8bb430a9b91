"""Relativistic losses, Jolicoeur-Martineau 2019 (arXiv:1807.00734): is a sample more real than those of the other kind?

The generator minimises the same with the kinds exchanged, and so learns from real samples as well. Adding a number to
all logits changes nothing.
"""

from typing import Literal

from torch import Tensor
from torch.nn.functional import relu, softplus

from ganzoo import Loss


class Relativistic(Loss):
    """RpGAN (RSGAN in the paper), eq. (3): the i-th real sample should be more real than the i-th fake."""

    uses_real = True

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        return softplus(fake - real).mean()  # -log sigmoid(C(x) - C(G(z)))

    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        assert real is not None
        return self.discriminator(fake, real)


class RelativisticAverage(Loss):
    """RaGAN, section 4: a real sample should be more real than the mean fake, and a fake less than the mean real.

    The two terms are added, as in the paper's formulas; the authors' code halves their sum.

    kind: "non_saturating" is the paper's RaSGAN, "least_squares" its RaLSGAN, "hinge" its RaHingeGAN.
    """

    uses_real = True

    def __init__(self, kind: Literal["non_saturating", "least_squares", "hinge"] = "non_saturating"):
        self.kind = kind

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        return self._above(real - fake.mean()) + self._above(real.mean() - fake)

    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        assert real is not None
        return self.discriminator(fake, real)

    def _above(self, lead: Tensor) -> Tensor:
        """Return the loss of leads (N,) that should be large, or one for the least-squares form."""
        if self.kind == "least_squares":
            return (lead - 1).square().mean()
        return relu(1 - lead).mean() if self.kind == "hinge" else softplus(-lead).mean()
