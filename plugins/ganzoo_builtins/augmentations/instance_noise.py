"""Instance noise, Arjovsky and Bottou 2017 (arXiv:1701.04862), section 3."""

import torch
from pydantic import NonNegativeFloat, PositiveInt
from torch import Tensor

from ganzoo import Augmentation, IncompatibleError, Schedulable, Spec


class InstanceNoise(Augmentation):
    """Gaussian noise on the discriminator's inputs, real and fake, whose standard deviation decreases to zero.

    With noise the two distributions overlap, so that no discriminator separates them perfectly.

    Args:
        std: Standard deviation of the noise at the start.
        moves: Number of discriminator moves after which the noise is zero; until then it decreases linearly.
    """

    moved: Tensor

    def __init__(self, std: Schedulable[NonNegativeFloat] = 0.1, moves: PositiveInt = 10_000):
        super().__init__()
        self.std = std
        self.moves = moves
        self.register_buffer("moved", torch.tensor(0.0))

    def check(self, spec: Spec) -> None:
        if spec.vocab:
            raise IncompatibleError(
                "augmentation instance_noise adds noise to numbers, and samples are token ids: leave it out."
            )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.now() * torch.randn_like(x)

    def after_move(self) -> None:
        self.moved += 1

    def now(self) -> Tensor:
        """Return the current standard deviation of the noise, a scalar."""
        return self.std * (1 - self.moved / self.moves).clamp(min=0)
