"""The minimax game of Goodfellow et al. 2014 (arXiv:1406.2661), eq. (1) and Algorithm 1."""

from torch import Tensor
from torch.nn.functional import softplus

from ganzoo import Loss


class Minimax(Loss):
    """min_G max_D E log D(x) + E log(1 - D(G(z))), D(x) being the sigmoid of a logit.

    Both players minimise what Algorithm 1 prints, the discriminator with its sign turned. The generator's gradient
    vanishes where the discriminator is sure of itself; `non_saturating` is the same paper's way out.
    """

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        return softplus(-real).mean() + softplus(fake).mean()  # -log D(x) - log(1 - D(G(z)))

    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        return -softplus(fake).mean()  # log(1 - D(G(z)))
