"""Consistency regularization (Zhang et al. 2020, CR-GAN, arXiv:1910.12027)."""

import ganzoo
import torch
from pydantic import NonNegativeFloat, NonNegativeInt
from torch import Tensor


class Consistency(ganzoo.Regularizer):
    """The discriminator says the same of a real sample and of the same one moved a little: Algorithm 1.

        weight * E (D(x) - D(T(x)))^2

    T mirrors half of the images and moves all by some pixels; to points it adds noise.
    weight: 10 in the paper. shift: pixels at most, each way; flip: whether images are mirrored, which letters and
    digits should not be. jitter: standard deviation of the noise on points.
    """

    def __init__(
        self,
        weight: NonNegativeFloat = 10.0,
        shift: NonNegativeInt = 2,
        flip: bool = False,
        jitter: NonNegativeFloat = 0.05,
    ):
        self.weight = weight
        self.shift = shift
        self.flip = flip
        self.jitter = jitter

    def terms(self, critic: ganzoo.Critic, real: Tensor, fake: Tensor) -> ganzoo.Terms:
        x = real.detach()
        difference = critic(x) - critic(self._moved(x))  # (N,), or a patch map
        return {"consistency": self.weight * difference.float().square().mean()}

    def _moved(self, x: Tensor) -> Tensor:
        if x.dim() != 4:
            return x + self.jitter * torch.randn_like(x)
        if self.flip:
            mirrored = torch.rand(len(x), 1, 1, 1, device=x.device) < 0.5
            x = torch.where(mirrored, x.flip(3), x)
        down, right = torch.randint(-self.shift, self.shift + 1, (2,)).tolist()  # one move for the whole batch
        return x.roll((down, right), (2, 3))  # (N, C, H, W); what leaves on one side comes back on the other
