"""Spectral normalisation, SNGAN, Miyato et al. 2018 (arXiv:1802.05957), section 2.1 and Algorithm 1."""

from typing import Literal

from pydantic import PositiveInt
from torch import nn
from torch.nn.utils import parametrizations, parametrize

from ganzoo import IncompatibleError, Regularizer

LAYERS = (nn.Linear, nn.Bilinear, nn.Embedding, nn.modules.conv._ConvNd)


class SpectralNorm(Regularizer):
    """W / sigma(W) in the place of every weight W, sigma being its largest singular value, as power iteration knows it.

    It is PyTorch's own parametrization: 15 iterations at the start, then `iterations` at each forward pass in training
    mode; the vectors are buffers of the networks. Layers that another regularizer puts in are normalised where that
    regularizer stands before this one in the recipe.

    players: "discriminator" as in the paper, or "both" as in SAGAN (arXiv:1805.08318).
    iterations: of the power method, 1 in the paper.
    """

    def __init__(self, players: Literal["discriminator", "both"] = "discriminator", iterations: PositiveInt = 1):
        self.players = players
        self.iterations = iterations

    def attach(self, discriminator: nn.Module, generator: nn.Module) -> None:
        for network in [discriminator, generator][: 2 if self.players == "both" else 1]:
            found = [module for module in network.modules() if isinstance(module, LAYERS)]
            for module in found:
                if not parametrize.is_parametrized(module, "weight"):
                    parametrizations.spectral_norm(module, n_power_iterations=self.iterations)
            if not found:
                raise IncompatibleError(
                    "regularizer spectral_norm normalises layers such as Linear and Conv2d, and "
                    f"{type(network).__name__} has none: leave the regularizer out."
                )
