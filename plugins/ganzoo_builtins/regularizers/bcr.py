"""Balanced consistency regularization, Zhao, Singh, Lee, Zhang, Odena and Zhang 2020 (arXiv:2002.04724)."""

import torch
from pydantic import NonNegativeFloat, PositiveInt
from torch import Tensor

from ganzoo import Comparison, IncompatibleError, Regularizer, Schedulable, Spec, Terms
from ganzoo_builtins.augmentations import operations
from ganzoo_builtins.regularizers.differences import difference


class BCR(Regularizer):
    """Penalty weight * E (D(x) - D(T(x)))^2 at real samples, and fake_weight times the same at fakes.

    T mirrors half of the images, left to right, and shifts each by up to an eighth of its sides, mirrored at the
    borders; to points it adds noise. The loss itself sees x, or what [[augmentation]] makes of it.

    Args:
        weight: Weight at real samples, the paper's lambda_real, 10 there.
        fake_weight: Weight at fakes, the paper's lambda_fake, 10 there. With 0 it is the earlier CR-GAN
            (arXiv:1910.12027), whose fakes may show what T does.
        mirror: Mirror images. Set false for letters, digits and anything else with a right way round.
        std: Standard deviation of the noise on points.
        every: Steps from one computation of the penalty to the next; it is multiplied by as many.
    """

    def __init__(
        self,
        weight: Schedulable[NonNegativeFloat] = 10.0,
        fake_weight: Schedulable[NonNegativeFloat] = 10.0,
        mirror: bool = True,
        std: NonNegativeFloat = 0.05,
        every: PositiveInt = 1,
    ):
        self.weight = weight
        self.fake_weight = fake_weight
        self.mirror = mirror
        self.std = std
        self.every = every

    def attach(self, discriminator: object, generator: object, spec: Spec) -> None:
        if spec.vocab:
            raise IncompatibleError("regularizer bcr changes numbers, and samples are token ids: leave it out.")

    def terms(self, comparison: Comparison) -> Terms:
        return {
            name: weight * difference(comparison.critic, x, self.changed(x)).square().mean()
            for name, x, weight in (
                ("bcr_real", comparison.real, self.weight),
                ("bcr_fake", comparison.fake, self.fake_weight),
            )
            if weight
        }

    def changed(self, x: Tensor) -> Tensor:
        """Return T(x): samples (N, *shape) -> (N, *shape)."""
        if x.dim() != 4:
            return x + self.std * torch.randn_like(x)
        if self.mirror:
            x = operations.mirror(x, torch.rand(len(x), device=x.device) < 0.5)
        for axis in (2, 3):
            x = _shifted(x, axis)
        return x


def _shifted(x: Tensor, axis: int) -> Tensor:
    """Shift each image along an axis by up to an eighth of its side, in whole pixels."""
    side = x.shape[axis]
    shift = torch.randint(-(side // 8), side // 8 + 1, (len(x), 1), device=x.device)
    position = operations.mirrored(torch.arange(side, device=x.device) - shift, side)  # (N, side)
    return x.gather(
        axis, position[:, None, :, None].expand_as(x) if axis == 2 else position[:, None, None].expand_as(x)
    )
