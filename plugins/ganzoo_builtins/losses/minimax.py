"""The minimax game of Goodfellow et al. 2014 (arXiv:1406.2661), eq. (1) and Algorithm 1."""

from torch import Tensor
from torch.nn.functional import softplus

from ganzoo import Loss, Terms
from ganzoo_builtins.losses.accuracy import accuracy


class Minimax(Loss):
    """Minimax loss, min_G max_D E log D(x) + E log(1 - D(G(z))), where D(x) is the sigmoid of a logit.

    Both players minimise the terms of Algorithm 1, the discriminator with the opposite sign. The generator's gradient
    vanishes where the discriminator is certain; `non_saturating` is the same paper's remedy.
    """

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        return softplus(-real).mean() + softplus(fake).mean()  # -log D(x) - log(1 - D(G(z)))

    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        return -softplus(fake).mean()  # log(1 - D(G(z)))

    def report(self, real: Tensor, fake: Tensor) -> Terms:
        return accuracy(real, fake)
