"""The loss of f-GAN for one divergence (Nowozin et al. 2016, arXiv:1606.00709)."""

import ganzoo
from torch import Tensor


class Pearson(ganzoo.Loss):
    """The Pearson chi-squared divergence, by its variational lower bound, eq. (4) of f-GAN.

    Both players play for F = E T(x) - E f*(T(G(z))) with f*(t) = t^2 / 4 + t, where T is the discriminator's logit as
    it is. The discriminator makes F large, and the best T is 2 (p / q - 1). The generator makes it small.
    """

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        return _conjugate(fake).mean() - real.mean()  # (N,), (N,) -> ()

    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        return -fake.mean()  # the paper's section 3.2: push T up, whose gradient does not fade as that of f* may


def _conjugate(t: Tensor) -> Tensor:
    """The convex conjugate of f(u) = (u - 1)^2."""
    return t.square() / 4 + t
