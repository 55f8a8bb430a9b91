"""Spectral normalisation, SNGAN, Miyato et al. 2018 (arXiv:1802.05957), section 2.1 and Algorithm 1."""

from typing import Literal

import torch
from pydantic import PositiveInt
from torch import Tensor, nn
from torch.nn.utils import parametrizations, parametrize

from ganzoo import IncompatibleError, Regularizer, Spec

LAYERS = (nn.Linear, nn.Bilinear, nn.Embedding, nn.modules.conv._ConvNd)


class Parametrization(parametrizations._SpectralNorm):
    """PyTorch's parametrization, with a product in place of the quotient W / sigma.

    The gradient of a quotient passes over the weight twice as often. On the meta device there are no power iterations,
    which have nothing to compute there.
    """

    def forward(self, weight: Tensor) -> Tensor:
        matrix = self._reshape_weight_to_matrix(weight)
        if self.training:
            self._power_method(matrix, self.n_power_iterations)
        u, v = self._u.clone(), self._v.clone()  # later passes change them, and this pass's gradient needs them
        sigma = torch.vdot(u, torch.mv(matrix, v))
        return weight * sigma.reciprocal()

    def _power_method(self, weight_mat: Tensor, n_power_iterations: int) -> None:
        if not weight_mat.is_meta:
            super()._power_method(weight_mat, n_power_iterations)


def normalise(layer: nn.Module, iterations: int) -> None:
    """Parametrize the weight of a layer as torch.nn.utils.parametrizations.spectral_norm() does."""
    weight = layer.weight
    assert isinstance(weight, Tensor)
    dim = 1 if isinstance(layer, nn.modules.conv._ConvTransposeNd) else 0  # of the layer's outputs
    parametrize.register_parametrization(layer, "weight", Parametrization(weight, iterations, dim))


class SpectralNorm(Regularizer):
    """Replaces every weight W by W / sigma(W), where power iteration estimates its largest singular value sigma(W).

    It is PyTorch's own parametrization up to rounding: 15 iterations at the start, then `iterations` at each forward
    pass in training mode; the singular vectors are buffers of the networks. Layers that another regularizer adds are
    normalised if that regularizer comes before this one in the recipe.

    Args:
        players: Networks that are normalised: "discriminator" as in the paper, or "both" as in SAGAN
            (arXiv:1805.08318).
        iterations: Number of power iterations at each forward pass, 1 in the paper.
    """

    def __init__(self, players: Literal["discriminator", "both"] = "discriminator", iterations: PositiveInt = 1):
        self.players = players
        self.iterations = iterations

    def attach(self, discriminator: nn.Module, generator: nn.Module, spec: Spec) -> None:
        for network in [discriminator, generator][: 2 if self.players == "both" else 1]:
            embeddings = network is generator and nn.Embedding  # of labels: normalised ones cripple a generator
            layers = {
                name: module
                for name, module in network.named_modules()
                if isinstance(module, LAYERS) and not (embeddings and isinstance(module, embeddings))
            }
            for name, layer in layers.items():
                if not parametrize.is_parametrized(layer, "weight"):
                    if not layer.weight.is_meta and not layer.weight.any():
                        raise IncompatibleError(
                            "regularizer spectral_norm divides each weight by its largest singular value, and "
                            f"{type(network).__name__} starts with a weight of zeros ({name}): leave the regularizer "
                            "out, or use another network."
                        )
                    normalise(layer, self.iterations)
            if not layers:
                raise IncompatibleError(
                    "regularizer spectral_norm normalises layers such as Linear and Conv2d, and "
                    f"{type(network).__name__} has none: leave the regularizer out."
                )
