"""The convolutional networks of SNGAN, Miyato et al. 2018 (arXiv:1802.05957), table 3.

Spectral normalisation is the regularizer of that name, so these networks can be trained without it, and others with
it. The innermost map is an eighth of the image's side. Where that is not a whole number, it is a quarter, and both
networks have one stage less: 28 = 7 * 4.
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
    """z -> x by three transposed 4x4 convolutions (two for 28x28) and one of 3x3. z is standard normal.

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
        channels, size = need_multiple("generator sngan", spec, 4)
        stages = _stages(size)
        start, widest = size // 2**stages, width * 2**stages
        self.z_dim = z_dim
        layers: list[nn.Module] = [
            *labels.embed(),
            nn.Linear(z_dim + labels.width, widest * start**2),
            nn.Unflatten(1, (widest, start, start)),
            labels.norm(widest),
            nn.ReLU(),
        ]
        for stage in reversed(range(stages)):
            n = width * 2**stage
            layers += [nn.ConvTranspose2d(2 * n, n, 4, stride=2, padding=1), labels.norm(n), nn.ReLU()]
        self.layers = ConditionalSequential(*layers, nn.Conv2d(width, channels, 3, padding=1), nn.Tanh())

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        # 32x32: (N, z_dim) -> (N, 8*width, 4, 4) -> (N, 4*width, 8, 8) -> ... -> (N, width, 32, 32) -> (N, C, 32, 32)
        # 28x28: (N, z_dim) -> (N, 4*width, 7, 7) -> ... -> (N, C, 28, 28)
        return self.layers(z, y)


class SNGANDiscriminator(Discriminator):
    """x -> logit by seven convolutions (five for 28x28) with LeakyReLU 0.1; every second one halves the map.

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
        channels, size = need_multiple("discriminator sngan", spec, 4)
        stages = _stages(size)
        layers: list[nn.Module] = [
            *labels.embed(),
            nn.Conv2d(channels + labels.channels, width, 3, padding=1),
            nn.LeakyReLU(0.1),
        ]
        for stage in range(stages):
            n = width * 2**stage
            layers += [nn.Conv2d(n, 2 * n, 4, stride=2, padding=1), nn.LeakyReLU(0.1)]
            layers += [nn.Conv2d(2 * n, 2 * n, 3, padding=1), nn.LeakyReLU(0.1)]
        self.layers = ConditionalSequential(*layers, nn.Flatten())
        self.head = labels.head(width * 2**stages * (size // 2**stages) ** 2)

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        # 32x32: (N, C, 32, 32) -> (N, width, 32, 32) -> ... -> (N, 8*width, 4, 4) -> (N, 8*width * 16)
        # 28x28: (N, C, 28, 28) -> (N, width, 28, 28) -> ... -> (N, 4*width, 7, 7) -> (N, 4*width * 49)
        return self.layers(x, y)

    def logits(self, features: Tensor, y: Tensor | None = None) -> Tensor:
        return apply_layer(self.head, features, y).squeeze(1)  # (N, features) -> (N, 1) -> (N,)


def _stages(size: int) -> int:
    """Return how often the side is halved: three times as in the paper, or twice where it is not divisible by 8."""
    return 2 if size % 8 else 3
