"""Instance noise, Arjovsky and Bottou 2017 (arXiv:1701.04862), section 3."""

import torch
from pydantic import NonNegativeFloat, PositiveInt
from torch import Tensor, nn

from ganzoo import IncompatibleError, Regularizer, Spec


class InstanceNoise(Regularizer, nn.Module):
    """Gaussian noise on the discriminator's inputs, real and fake, whose standard deviation decreases to zero.

    The spelling of ganzoo 0.1, for its recipes and runs: the augmentation of this name adds the noise in `features`
    too, here it is added in the discriminator's forward pass alone, in training mode.

    Args:
        std: Standard deviation of the noise at the start.
        moves: Number of discriminator moves after which the noise is zero; until then it decreases linearly.
    """

    moved: Tensor

    def __init__(self, std: NonNegativeFloat = 0.1, moves: PositiveInt = 10_000):
        super().__init__()
        self.std = std
        self.moves = moves
        self.register_buffer("moved", torch.tensor(0.0))

    def attach(self, discriminator: nn.Module, generator: nn.Module, spec: Spec) -> None:
        if spec and spec.vocab:
            raise IncompatibleError("regularizer instance_noise adds noise to numbers, not to token ids: leave it out.")
        discriminator.register_forward_pre_hook(self._add_noise)

    def project(self, critic: nn.Module) -> None:
        self.moved += 1

    def now(self) -> Tensor:
        """Return the current standard deviation of the noise, a scalar."""
        return self.std * (1 - self.moved / self.moves).clamp(min=0)

    def _add_noise(self, network: nn.Module, args: tuple[Tensor, ...]) -> tuple[Tensor, ...] | None:
        if not network.training:
            return None
        x, *others = args
        return (x + self.now() * torch.randn_like(x), *others)
