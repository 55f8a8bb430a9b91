"""The convolutional networks of SNGAN, Miyato et al. 2018 (arXiv:1802.05957), table 3.

Spectral normalisation is the regularizer of that name, so these networks can be trained without it, and others with
it. The innermost map is an eighth of the image's side, which must be divisible by 8.
"""

from pydantic import PositiveInt
from torch import Tensor, nn

from ganzoo import Discriminator, Generator, Spec
from ganzoo_builtins.gans.requirements import need_multiple


class SNGANGenerator(Generator):
    """z -> x by three transposed 4x4 convolutions and one of 3x3. z is standard normal.

    Args:
        spec: Shape, kind and classes of the samples.
        z_dim: Width of the noise, 128 in the paper.
        width: Channels next to the image, 64 in the paper.
    """

    def __init__(self, spec: Spec, z_dim: PositiveInt = 128, width: PositiveInt = 64):
        super().__init__()
        channels, size = need_multiple("generator sngan", spec, 8)
        self.z_dim = z_dim
        layers: list[nn.Module] = [
            nn.Linear(z_dim, 8 * width * (size // 8) ** 2),
            nn.Unflatten(1, (8 * width, size // 8, size // 8)),
            nn.BatchNorm2d(8 * width),
            nn.ReLU(),
        ]
        for factor in (4, 2, 1):
            n = factor * width
            layers += [nn.ConvTranspose2d(2 * n, n, 4, stride=2, padding=1), nn.BatchNorm2d(n), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.Conv2d(width, channels, 3, padding=1), nn.Tanh())

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        # (N, z_dim) -> (N, 8*width, H/8, W/8) -> (N, 4*width, H/4, W/4) -> ... -> (N, width, H, W) -> (N, C, H, W)
        return self.layers(z)


class SNGANDiscriminator(Discriminator):
    """x -> logit by seven convolutions with LeakyReLU 0.1, of which every second one halves the map.

    Args:
        spec: Shape, kind and classes of the samples.
        width: Channels next to the image, 64 in the paper.
    """

    def __init__(self, spec: Spec, width: PositiveInt = 64):
        super().__init__()
        channels, size = need_multiple("discriminator sngan", spec, 8)
        layers: list[nn.Module] = [nn.Conv2d(channels, width, 3, padding=1), nn.LeakyReLU(0.1)]
        for factor in (1, 2, 4):
            n = factor * width
            layers += [nn.Conv2d(n, 2 * n, 4, stride=2, padding=1), nn.LeakyReLU(0.1)]
            layers += [nn.Conv2d(2 * n, 2 * n, 3, padding=1), nn.LeakyReLU(0.1)]
        self.layers = nn.Sequential(*layers, nn.Flatten())
        self.head = nn.Linear(8 * width * (size // 8) ** 2, 1)

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        # (N, C, H, W) -> (N, width, H, W) -> ... -> (N, 8*width, H/8, W/8) -> (N, 8*width * H/8 * W/8)
        return self.layers(x)

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return self.head(self.features(x)).squeeze(1)  # (N, features) -> (N, 1) -> (N,)
