"""Weight clipping of WGAN, Arjovsky et al. 2017 (arXiv:1701.07875), Algorithm 1."""

import torch
from pydantic import PositiveFloat
from torch import nn

from ganzoo import Regularizer


class WeightClipping(Regularizer):
    """After each move of the critic, all its parameters are clamped to [-limit, limit]; the paper's c is 0.01."""

    def __init__(self, limit: PositiveFloat = 0.01):
        self.limit = limit

    @torch.no_grad()
    def project(self, critic: nn.Module) -> None:
        for parameter in critic.parameters():
            parameter.clamp_(-self.limit, self.limit)
