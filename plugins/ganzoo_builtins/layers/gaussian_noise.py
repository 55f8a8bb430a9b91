"""Noise on activations, a regularizer of discriminators as old as Salimans et al. 2016 (arXiv:1606.03498)."""

import torch
from torch import Tensor, nn


class GaussianNoise(nn.Module):
    """x + N(0, std^2) in training mode, x itself otherwise."""

    def __init__(self, std: float):
        super().__init__()
        self.std = std

    def forward(self, x: Tensor) -> Tensor:
        return x + self.std * torch.randn_like(x) if self.training and self.std else x

    def extra_repr(self) -> str:
        return f"std={self.std}"
