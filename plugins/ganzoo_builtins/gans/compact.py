"""Small networks that learn fast on a CPU: SNGAN's (arXiv:1802.05957, table 3) with fewer, strided convolutions.

Nearly all of the cost of a convolution lies at large maps, so no layer of the discriminator works at full size, and the
generator has one there, its last. The innermost map is 5x5 to 8x8: 28 = 7 * 4, 32 = 8 * 4, 64 = 8 * 8, 96 = 6 * 16.
"""

from itertools import pairwise
from typing import Literal

from pydantic import PositiveInt
from torch import Tensor, nn

from ganzoo import ConditionalSequential, Discriminator, Generator, IncompatibleError, Spec, apply_layer
from ganzoo_builtins.gans.condition import (
    DiscriminatorCondition,
    DiscriminatorLabels,
    GeneratorCondition,
    GeneratorLabels,
)
from ganzoo_builtins.gans.requirements import halved, need_square_image
from ganzoo_builtins.regularizers.spectral_norm import SpectralNorm

WIDEST = 8  # channels of the innermost maps, in multiples of `width`, at most


class CompactGenerator(Generator):
    """z -> x by transposed 4x4 convolutions that double the side, and a last 3x3 convolution. z is standard normal.

    Args:
        spec: Shape, kind and classes of the samples.
        z_dim: Width of the noise.
        width: Channels next to the image; twice as many at each halving of the side, up to eight times.
        condition: How it takes labels: not ("none"), as a vector beside z ("concat"), or as that vector and batch norm
            with a gain and a bias of each class ("batch_norm").
    """

    def __init__(
        self,
        spec: Spec,
        z_dim: PositiveInt = 64,
        width: PositiveInt = 24,
        condition: GeneratorCondition = "none",
    ):
        super().__init__()
        channels, size = need_square_image("generator compact", spec)
        start, doublings = _stages("generator compact", size)
        labels = GeneratorLabels("generator compact", spec, condition)
        self.conditional = labels.conditional
        self.z_dim = z_dim
        widths = [width * min(2**k, WIDEST) for k in range(doublings, -1, -1)]  # from the innermost map outwards
        layers: list[nn.Module] = [
            *labels.embed(),
            nn.Linear(z_dim + labels.width, widths[0] * start**2),
            nn.Unflatten(1, (widths[0], start, start)),
            labels.norm(widths[0]),
            nn.ReLU(),
        ]
        for n_in, n_out in pairwise(widths):
            layers += [nn.ConvTranspose2d(n_in, n_out, 4, stride=2, padding=1), labels.norm(n_out), nn.ReLU()]
        self.layers = ConditionalSequential(*layers, nn.Conv2d(width, channels, 3, padding=1), nn.Tanh())

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        # 28x28: (N, z_dim) -> (N, 4*width, 7, 7) -> (N, 2*width, 14, 14) -> (N, width, 28, 28) -> (N, C, 28, 28)
        return self.layers(z, y)


class CompactDiscriminator(Discriminator):
    """x -> logit by 4x4 convolutions that halve the side, a 3x3 convolution and a linear layer, LeakyReLU 0.1.

    Args:
        spec: Shape, kind and classes of the samples.
        width: Channels after the first halving; twice as many at each further one, up to eight times.
        hidden: Width of the linear layer, whose output is the features.
        condition: How it takes labels: not ("none"), as a map beside the channels ("concat"), or by a projection of the
            features ("projection").
        norm: "spectral" normalises the weights of all layers, as the regularizer `spectral_norm` does.
    """

    def __init__(
        self,
        spec: Spec,
        width: PositiveInt = 24,
        hidden: PositiveInt = 256,
        condition: DiscriminatorCondition = "none",
        norm: Literal["none", "spectral"] = "none",
    ):
        super().__init__()
        channels, size = need_square_image("discriminator compact", spec)
        start, halvings = _stages("discriminator compact", size)
        labels = DiscriminatorLabels("discriminator compact", spec, condition)
        self.conditional = labels.conditional
        n_in = channels + labels.channels
        layers: list[nn.Module] = labels.embed()
        for k in range(halvings):
            n_out = width * min(2**k, WIDEST)
            layers += [nn.Conv2d(n_in, n_out, 4, stride=2, padding=1), nn.LeakyReLU(0.1)]
            n_in = n_out
        n_out = width * min(2**halvings, WIDEST)
        self.layers = ConditionalSequential(
            *layers,
            nn.Conv2d(n_in, n_out, 3, padding=1),
            nn.LeakyReLU(0.1),
            nn.Flatten(),
            nn.Linear(n_out * start**2, hidden),
            nn.LeakyReLU(0.1),
        )
        self.head = labels.head(hidden)
        if norm == "spectral":
            SpectralNorm().attach(self, nn.Identity(), spec)

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        # 28x28: (N, C, 28, 28) -> (N, width, 14, 14) -> (N, 2*width, 7, 7) -> (N, 4*width, 7, 7) -> (N, hidden)
        return self.layers(x, y)

    def logits(self, features: Tensor, y: Tensor | None = None) -> Tensor:
        return apply_layer(self.head, features, y).squeeze(1)  # (N, hidden) -> (N, 1) -> (N,)


def _stages(network: str, size: int) -> tuple[int, int]:
    """Return the side of the innermost map and how often it doubles: 28 -> (7, 2), 32 -> (8, 2), 64 -> (8, 3)."""
    start, doublings = halved(size, 8)
    if start not in range(5, 9) or not doublings:
        raise IncompatibleError(
            f"{network} needs images whose side is 5 to 8 times a power of two, such as 28, 32, 48 or 64, not {size}: "
            "add dataset.size=64."
        )
    return start, doublings
