"""The DCGAN of T. Silva's introduction on SVHN and MNIST: four layers each, 5x5 kernels, batch norm.

After Radford et al. 2016 (arXiv:1511.06434), whose kernels are 5x5 as well; see `dcgan` for their guidelines. The
generator begins, and the discriminator ends, with a fully connected layer. At 32x32 the generator's maps are 4x4x512,
8x8x256, 16x16x128, 32x32x3, and the discriminator's 16x16x64, 8x8x128, 4x4x256, 1. Other sides must be divisible by 4;
28 pixels have maps of 14, 7 and 4.

It is trained with one move of the discriminator and two of the generator, all on the same z. The target of the
cross-entropy on real samples is 0.9 (one-sided label smoothing, arXiv:1606.03498).
"""

from math import ceil
from typing import Literal

import torch
from pydantic import PositiveInt
from torch import Tensor, nn

from ganzoo import Discriminator, Generator, Spec
from ganzoo_builtins.gans.requirements import need_multiple


class DCGAN5x5Generator(Generator):
    """z -> x: a fully connected layer, then transposed 5x5 convolutions with batch norm and ReLU, and a tanh.

    Args:
        spec: Shape, kind and classes of the samples.
        z_dim: Width of the noise.
        width: Channels before the last layer; two and four times as many in the layers before.
        prior: Distribution of z: "uniform" on (-1, 1) as in the source's code, or "normal" as in its text.
    """

    def __init__(
        self,
        spec: Spec,
        z_dim: PositiveInt = 100,
        width: PositiveInt = 128,
        prior: Literal["uniform", "normal"] = "uniform",
    ):
        super().__init__()
        channels, sides = _sides("generator dcgan_5x5", spec)
        start = sides[0]
        self.z_dim = z_dim
        self.uniform = prior == "uniform"
        self.layers = nn.Sequential(
            *(nn.Linear(z_dim, 4 * width * start**2), nn.Unflatten(1, (4 * width, start, start))),
            *(nn.BatchNorm2d(4 * width), nn.ReLU()),
            *(_up(4 * width, 2 * width, to=sides[1]), nn.BatchNorm2d(2 * width), nn.ReLU()),
            *(_up(2 * width, width, to=sides[2]), nn.BatchNorm2d(width), nn.ReLU()),
            *(_up(width, channels, to=sides[3]), nn.Tanh()),
        )
        self.apply(_initialise)

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        # (N, z_dim) -> (N, 4*width, H/8, W/8) -> (N, 2*width, H/4, W/4) -> (N, width, H/2, W/2) -> (N, C, H, W)
        return self.layers(z)

    def prior(self, n: int) -> Tensor:
        if not self.uniform:
            return super().prior(n)
        return 2 * torch.rand(n, self.z_dim, device=next(self.parameters()).device) - 1


class DCGAN5x5Discriminator(Discriminator):
    """x -> logit: three 5x5 convolutions of stride 2 with LeakyReLU 0.2, batch norm in all but the first.

    Args:
        spec: Shape, kind and classes of the samples.
        width: Channels of the first layer.
        norm: "none" leaves batch norm out, which penalties on the gradient at each sample require.
    """

    def __init__(self, spec: Spec, width: PositiveInt = 64, norm: Literal["batch", "none"] = "batch"):
        super().__init__()
        channels, sides = _sides("discriminator dcgan_5x5", spec)

        def block(n_in: int, n_out: int) -> list[nn.Module]:
            normalise = [nn.BatchNorm2d(n_out)] if norm == "batch" else []
            return [_down(n_in, n_out), *normalise, nn.LeakyReLU(0.2)]

        self.layers = nn.Sequential(
            *(_down(channels, width), nn.LeakyReLU(0.2)),
            *block(width, 2 * width),
            *block(2 * width, 4 * width),
            nn.Flatten(),
        )
        self.head = nn.Linear(4 * width * sides[0] ** 2, 1)
        self.apply(_initialise)

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        # (N, C, H, W) -> (N, width, H/2, W/2) -> (N, 2*width, H/4, W/4) -> (N, 4*width, H/8, W/8) -> (N, features)
        return self.layers(x)

    def logits(self, features: Tensor, y: Tensor | None = None) -> Tensor:
        return self.head(features).squeeze(1)  # (N, features) -> (N, 1) -> (N,)


def _sides(network: str, spec: Spec) -> tuple[int, list[int]]:
    """Return the channels of the images and the sides of the maps, each half of the next: 32 -> [4, 8, 16, 32]."""
    channels, size = need_multiple(network, spec, 4)
    return channels, [ceil(size / 8), size // 4, size // 2, size]


def _up(n_in: int, n_out: int, to: int) -> nn.Module:
    """Return a layer that doubles the side: n to 2n, or to 2n - 1 where `to` is odd."""
    return nn.ConvTranspose2d(n_in, n_out, 5, stride=2, padding=2, output_padding=1 - to % 2)


def _down(n_in: int, n_out: int) -> nn.Module:
    """Return a layer that halves the side."""
    return nn.Conv2d(n_in, n_out, 5, stride=2, padding=2)


def _initialise(module: nn.Module) -> None:
    """Draw weights from N(0, 0.02) and set biases to zero."""
    if isinstance(module, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
        nn.init.normal_(module.weight, 0.0, 0.02)
        assert module.bias is not None
        nn.init.zeros_(module.bias)
