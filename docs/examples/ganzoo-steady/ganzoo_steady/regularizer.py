"""Consistency regularization (Zhang et al. 2020, CR-GAN, arXiv:1910.12027)."""

import ganzoo
import torch
from pydantic import NonNegativeFloat, NonNegativeInt
from torch import Tensor


class Consistency(ganzoo.Regularizer):
    """Penalises differences between the logits of a real sample and of an augmented copy: Algorithm 1.

        weight * E (D(x) - D(T(x)))^2

    T shifts images by a few pixels and may mirror half of them; to points it adds noise.

    Args:
        weight: Weight of the penalty; 10 in the paper.
        shift: Largest shift in pixels, in each direction.
        flip: Mirror half of the images. Leave it off for letters and digits.
        jitter: Standard deviation of the noise on points.
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

    def terms(self, comparison: ganzoo.Comparison) -> ganzoo.Terms:
        critic, x = comparison.critic, comparison.real.detach()
        difference = critic(x) - critic(self._augment(x))  # (N,), or a patch map
        return {"consistency": self.weight * difference.float().square().mean()}

    def _augment(self, x: Tensor) -> Tensor:
        if x.dim() != 4:
            return x + self.jitter * torch.randn_like(x)
        if self.flip:
            mirrored = torch.rand(len(x), 1, 1, 1, device=x.device) < 0.5
            x = torch.where(mirrored, x.flip(3), x)
        shifts = torch.randint(-self.shift, self.shift + 1, (len(x), 2)).tolist()
        # Pixels that leave on one side enter on the other.
        shifted = [image.roll(shift, (1, 2)) for image, shift in zip(x, map(tuple, shifts), strict=True)]
        return torch.stack(shifted)  # (N, C, H, W)
