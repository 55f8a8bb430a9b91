"""Relativistic losses, Jolicoeur-Martineau 2019 (arXiv:1807.00734), which compare the logits of real samples and fakes.

The generator minimises the same loss with real samples and fakes exchanged, and so learns from real samples as well.
Adding a constant to all logits changes nothing.
"""

from typing import Literal

from torch import Tensor
from torch.nn.functional import relu, softplus

from ganzoo import Loss


class Relativistic(Loss):
    """RpGAN (RSGAN in the paper), eq. (3): the logit of each real sample should exceed that of its fake."""

    uses_real = True
    pairs = True
    threshold = None  # a constant added to all logits changes nothing

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        return softplus(fake - real).mean()  # -log sigmoid(C(x) - C(G(z)))

    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        assert real is not None
        return self.discriminator(fake, real)


class RelativisticAverage(Loss):
    """RaGAN, section 4: real logits should exceed the mean fake logit, and fake logits be below the mean real one.

    The two terms are added, as in the paper's formulas; the authors' code halves their sum.

    Args:
        kind: "non_saturating" is the paper's RaSGAN, "least_squares" its RaLSGAN, "hinge" its RaHingeGAN.
    """

    uses_real = True
    threshold = None

    def __init__(self, kind: Literal["non_saturating", "least_squares", "hinge"] = "non_saturating"):
        self.kind = kind

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        return self._penalty(real - fake.mean()) + self._penalty(real.mean() - fake)

    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        assert real is not None
        return self.discriminator(fake, real)

    def _penalty(self, difference: Tensor) -> Tensor:
        """Return the loss of differences (N,) that should be large, or 1 in the least-squares form."""
        if self.kind == "least_squares":
            return (difference - 1).square().mean()
        return relu(1 - difference).mean() if self.kind == "hinge" else softplus(-difference).mean()
