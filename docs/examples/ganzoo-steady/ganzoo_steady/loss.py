"""The loss of f-GAN for one divergence (Nowozin et al. 2016, arXiv:1606.00709)."""

import ganzoo
from torch import Tensor


class Pearson(ganzoo.Loss):
    """The Pearson chi-squared divergence, by its variational lower bound, eq. (4) of f-GAN.

    The players optimise F = E T(x) - E f*(T(G(z))) with f*(t) = t^2 / 4 + t, where T is the discriminator's logit. The
    discriminator maximises F, and its optimum is T = 2 (p / q - 1). The generator minimises F.
    """

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        return _conjugate(fake).mean() - real.mean()  # (N,), (N,) -> ()

    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        return -fake.mean()  # the paper's section 3.2: the gradient of T does not vanish, as that of f* may


def _conjugate(t: Tensor) -> Tensor:
    """Return the convex conjugate of f(u) = (u - 1)^2."""
    return t.square() / 4 + t
