"""The networks of Goodfellow et al. 2014 (arXiv:1406.2661) for MNIST, as the code published with the paper sets them.

A generator with ReLU layers and a sigmoid; a discriminator of maxout units (arXiv:1302.4389), each the maximum of
several linear units, with dropout on its input and on its hidden layers.

The published code initialises the generator's output biases to the logit of each pixel's mean over the data. A network
here is built without the data, so one number, `brightness`, is used for all pixels.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated

import torch
from pydantic import Field, PositiveInt
from torch import Tensor, nn

from ganzoo import Discriminator, Generator, IncompatibleError, Spec

Share = Annotated[float, Field(ge=0, lt=1)]


class GoodfellowGenerator(Generator):
    """z -> hidden layers, ReLU -> pixels, sigmoid. z is uniform with unit variance, on (-sqrt 3, sqrt 3).

    Args:
        spec: Shape, kind and classes of the samples.
        z_dim: Width of the noise.
        hidden: Widths of the hidden layers.
        brightness: Mean of the data's pixels in [0, 1], at which all pixels start; 0.13 for MNIST.
    """

    def __init__(
        self,
        spec: Spec,
        z_dim: PositiveInt = 100,
        hidden: Sequence[PositiveInt] = (1200, 1200),
        brightness: Annotated[float, Field(gt=0, lt=1)] = 0.5,
    ):
        super().__init__()
        _need_image("generator goodfellow", spec)
        self.z_dim = z_dim
        self.shape = spec.shape
        widths = [z_dim, *hidden]
        layers: list[nn.Module] = []
        for n_in, n_out in pairwise(widths):
            layers += [_linear(n_in, n_out, 0.05), nn.ReLU()]
        out = _linear(widths[-1], spec.size, 0.05)
        nn.init.constant_(out.bias, math.log(brightness / (1 - brightness)))
        self.layers = nn.Sequential(*layers, out, nn.Sigmoid())

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        x = self.layers(z)  # (N, z_dim) -> (N, size) in [0, 1]
        return (2 * x - 1).unflatten(1, self.shape)  # -> (N, C, H, W) in [-1, 1], as all images here

    def prior(self, n: int) -> Tensor:
        return math.sqrt(3) * (2 * torch.rand(n, self.z_dim, device=next(self.parameters()).device) - 1)


class Maxout(nn.Module):
    """n_out units, each the maximum of `pieces` linear ones. Weights start from U(-0.005, 0.005)."""

    def __init__(self, n_in: int, n_out: int, pieces: int):
        super().__init__()
        self.linear = _linear(n_in, n_out * pieces, 0.005)
        self.pieces = pieces

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x).unflatten(1, (-1, self.pieces)).amax(2)  # (N, n_in) -> (N, n_out, pieces) -> (N, n_out)


class GoodfellowDiscriminator(Discriminator):
    """x -> maxout layers -> logit.

    Args:
        spec: Shape, kind and classes of the samples.
        hidden: Number of maxout units in each layer.
        pieces: Number of linear units in each maxout unit.
        input_dropout: Probability of dropping a pixel.
        dropout: Probability of dropping a hidden unit.
    """

    def __init__(
        self,
        spec: Spec,
        hidden: Sequence[PositiveInt] = (240, 240),
        pieces: PositiveInt = 5,
        input_dropout: Share = 0.2,
        dropout: Share = 0.5,
    ):
        super().__init__()
        _need_image("discriminator goodfellow", spec)
        widths = [spec.size, *hidden]
        layers: list[nn.Module] = [nn.Dropout(input_dropout)]
        for n_in, n_out in pairwise(widths):
            layers += [Maxout(n_in, n_out, pieces), nn.Dropout(dropout)]
        self.layers = nn.Sequential(*layers)
        self.head = _linear(widths[-1], 1, 0.005)

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        pixels = (x.flatten(1) + 1) / 2  # (N, C, H, W) in [-1, 1] -> (N, size) in [0, 1]
        return self.layers(pixels)  # -> (N, hidden[-1])

    def logits(self, features: Tensor, y: Tensor | None = None) -> Tensor:
        return self.head(features).squeeze(1)  # (N, hidden[-1]) -> (N, 1) -> (N,)


def _linear(n_in: int, n_out: int, reach: float) -> nn.Linear:
    """Return a layer with weights from U(-reach, reach) and biases of zero."""
    layer = nn.Linear(n_in, n_out)
    nn.init.uniform_(layer.weight, -reach, reach)
    nn.init.zeros_(layer.bias)
    return layer


def _need_image(network: str, spec: Spec) -> None:
    if not spec.is_image:
        raise IncompatibleError(
            f'{network} works on pixels, but a sample has the shape {spec.shape}: use "mlp" instead.'
        )
