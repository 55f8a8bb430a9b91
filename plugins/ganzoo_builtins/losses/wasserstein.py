"""The Wasserstein loss of WGAN, Arjovsky et al. 2017 (arXiv:1701.07875), eq. (2) and Algorithm 1."""

from torch import Tensor

from ganzoo import Loss, Terms


class Wasserstein(Loss):
    """Mean of the critic on real samples minus its mean on fakes: up to a factor, the earth mover's distance.

    Logits are read as values. The critic must be Lipschitz: add the regularizer `weight_clipping`, as the paper does,
    or `gradient_penalty`.

    The critic's estimate of the distance is logged as wasserstein_estimate. It falls as samples get better; its
    absolute value means little.
    """

    threshold = None

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        return fake.mean() - real.mean()

    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        return -fake.mean()

    def report(self, real: Tensor, fake: Tensor) -> Terms:
        return {"wasserstein_estimate": real.mean() - fake.mean()}
