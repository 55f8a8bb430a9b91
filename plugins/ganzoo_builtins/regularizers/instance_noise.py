"""Instance noise, Arjovsky and Bottou 2017 (arXiv:1701.04862), section 3, as a distance between wide distributions."""

import torch
from pydantic import NonNegativeFloat, PositiveInt
from torch import Tensor, nn

from ganzoo import Regularizer


class InstanceNoise(Regularizer, nn.Module):
    """Noise on all that the discriminator judges, real and fake, fading as it learns.

    Both distributions then overlap, so that no discriminator tells them apart without a doubt. Its forward pass has
    the noise, in training mode; its features alone have not.

    std: of the noise at the start. moves: after how many moves of the discriminator it is gone, in a straight line.
    """

    moved: Tensor

    def __init__(self, std: NonNegativeFloat = 0.1, moves: PositiveInt = 10_000):
        super().__init__()
        self.std = std
        self.moves = moves
        self.register_buffer("moved", torch.tensor(0.0))

    def attach(self, discriminator: nn.Module, generator: nn.Module) -> None:
        discriminator.register_forward_pre_hook(self._add_noise)

    def project(self, critic: nn.Module) -> None:
        self.moved += 1

    def now(self) -> Tensor:
        """Return the current standard deviation of the noise, a scalar."""
        return self.std * (1 - self.moved / self.moves).clamp(min=0)

    def _add_noise(self, network: nn.Module, given: tuple[Tensor, ...]) -> tuple[Tensor, ...] | None:
        if not network.training:
            return None
        x, *others = given
        return (x + self.now() * torch.randn_like(x), *others)
