"""Gaussian noise on activations, as in the discriminators of Salimans et al. 2016 (arXiv:1606.03498)."""

import torch
from torch import Tensor, nn


class GaussianNoise(nn.Module):
    """Adds noise from N(0, std^2) in training mode; otherwise returns its input.

    Args:
        std: Standard deviation of the noise.
    """

    def __init__(self, std: float):
        super().__init__()
        self.std = std

    def forward(self, x: Tensor) -> Tensor:
        return x + self.std * torch.randn_like(x) if self.training and self.std else x

    def extra_repr(self) -> str:
        return f"std={self.std}"
