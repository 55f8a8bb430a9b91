"""The convolutional networks of SNGAN, Miyato et al. 2018 (arXiv:1802.05957), table 3.

Spectral normalisation is the regularizer of that name, so these networks can be trained without it, and others with
it. The innermost map is an eighth of the image's side, which must be divisible by 8.
"""

from pydantic import PositiveInt
from torch import Tensor, nn

from ganzoo import ConditionalSequential, Discriminator, Generator, Spec, apply_layer
from ganzoo_builtins.gans.condition import (
    DiscriminatorCondition,
    DiscriminatorLabels,
    GeneratorCondition,
    GeneratorLabels,
)
from ganzoo_builtins.gans.requirements import need_multiple


class SNGANGenerator(Generator):
    """z -> x by three transposed 4x4 convolutions and one of 3x3. z is standard normal.

    Args:
        spec: Shape, kind and classes of the samples.
        z_dim: Width of the noise, 128 in the paper.
        width: Channels next to the image, 64 in the paper.
        condition: How it takes labels: not ("none"), as a vector beside z ("concat"), or as that vector and batch norm
            with a gain and a bias of each class ("batch_norm").
    """

    def __init__(
        self,
        spec: Spec,
        z_dim: PositiveInt = 128,
        width: PositiveInt = 64,
        condition: GeneratorCondition = "none",
    ):
        super().__init__()
        labels = GeneratorLabels("generator sngan", spec, condition)
        self.conditional = labels.conditional
        channels, size = need_multiple("generator sngan", spec, 8)
        self.z_dim = z_dim
        layers: list[nn.Module] = [
            *labels.embed(),
            nn.Linear(z_dim + labels.width, 8 * width * (size // 8) ** 2),
            nn.Unflatten(1, (8 * width, size // 8, size // 8)),
            labels.norm(8 * width),
            nn.ReLU(),
        ]
        for factor in (4, 2, 1):
            n = factor * width
            layers += [nn.ConvTranspose2d(2 * n, n, 4, stride=2, padding=1), labels.norm(n), nn.ReLU()]
        self.layers = ConditionalSequential(*layers, nn.Conv2d(width, channels, 3, padding=1), nn.Tanh())

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        # (N, z_dim) -> (N, 8*width, H/8, W/8) -> (N, 4*width, H/4, W/4) -> ... -> (N, width, H, W) -> (N, C, H, W)
        return self.layers(z, y)


class SNGANDiscriminator(Discriminator):
    """x -> logit by seven convolutions with LeakyReLU 0.1, of which every second one halves the map.

    Args:
        spec: Shape, kind and classes of the samples.
        width: Channels next to the image, 64 in the paper.
        condition: How it takes labels: not ("none"), as a map beside the channels ("concat"), or by a projection of the
            features ("projection").
    """

    def __init__(self, spec: Spec, width: PositiveInt = 64, condition: DiscriminatorCondition = "none"):
        super().__init__()
        labels = DiscriminatorLabels("discriminator sngan", spec, condition)
        self.conditional = labels.conditional
        channels, size = need_multiple("discriminator sngan", spec, 8)
        layers: list[nn.Module] = [
            *labels.embed(),
            nn.Conv2d(channels + labels.channels, width, 3, padding=1),
            nn.LeakyReLU(0.1),
        ]
        for factor in (1, 2, 4):
            n = factor * width
            layers += [nn.Conv2d(n, 2 * n, 4, stride=2, padding=1), nn.LeakyReLU(0.1)]
            layers += [nn.Conv2d(2 * n, 2 * n, 3, padding=1), nn.LeakyReLU(0.1)]
        self.layers = ConditionalSequential(*layers, nn.Flatten())
        self.head = labels.head(8 * width * (size // 8) ** 2)

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        # (N, C, H, W) -> (N, width, H, W) -> ... -> (N, 8*width, H/8, W/8) -> (N, 8*width * H/8 * W/8)
        return self.layers(x, y)

    def logits(self, features: Tensor, y: Tensor | None = None) -> Tensor:
        return apply_layer(self.head, features, y).squeeze(1)  # (N, features) -> (N, 1) -> (N,)
