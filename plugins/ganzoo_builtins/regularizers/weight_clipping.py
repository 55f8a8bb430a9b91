"""Weight clipping of WGAN, Arjovsky et al. 2017 (arXiv:1701.07875), Algorithm 1."""

import torch
from pydantic import PositiveFloat
from torch import nn

from ganzoo import Regularizer


class WeightClipping(Regularizer):
    """Clamps all trained parameters of the critic to [-limit, limit] after each of its moves.

    Args:
        limit: Largest absolute value of a parameter, the paper's c; 0.01 there.
    """

    def __init__(self, limit: PositiveFloat = 0.01):
        self.limit = limit

    @torch.no_grad()
    def project(self, critic: nn.Module) -> None:
        for parameter in critic.parameters():
            if parameter.requires_grad:  # not frozen
                parameter.clamp_(-self.limit, self.limit)
