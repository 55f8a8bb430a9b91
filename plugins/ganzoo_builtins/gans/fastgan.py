"""FastGAN, Liu, Zhu, Song and Elgammal 2021 (arXiv:2101.04775): a GAN that learns from few images.

In the generator, small maps choose the channels of maps that are much larger (skip-layer excitation, SLE), which is a
short way for gradients. The discriminator halves the image by two branches that are averaged, and judges it a second
time at half its size. What it has seen, it must be able to show: the regularizer `reconstruction` adds decoders, which
rebuild real images from its maps.

The loss is `hinge`, with `diff_augment` and with the regularizer `spectral_norm` of both players. The innermost map is
4x4 to 8x8, and the image a power of two larger.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from pydantic import PositiveInt
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d, interpolate

from ganzoo import Discriminator, Generator, IncompatibleError, Spec, stack_logits
from ganzoo_builtins.gans.requirements import halved, need_square_image

MOST = 16  # times `width`: channels of 4x4 maps in the generator, and of 8x8 maps in the discriminator
MEDIUM = 128  # side of the second judgement's image, at most
FAR = 4  # doublings from the map that chooses channels to the map that has them, in images of 256 pixels or more


class Noise(nn.Module):
    """Adds noise to each pixel, the same to all channels, of a learned strength, which starts at 0."""

    def __init__(self) -> None:
        super().__init__()
        self.strength = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.strength * torch.randn_like(x[:, :1])  # (N, 1, H, W)


def doubling(n_in: int, n_out: int, twice: bool = False) -> nn.Sequential:
    """Return layers that double the side, by one convolution, or by two that add noise.

    Args:
        n_in: Channels of the input.
        n_out: Channels of the output.
        twice: Have two convolutions, and noise.

    Returns:
        The layers, (N, n_in, H, W) -> (N, n_out, 2H, 2W).
    """
    layers: list[nn.Module] = [nn.Upsample(scale_factor=2)]
    for n in (n_in, n_out)[: 2 if twice else 1]:
        layers.append(nn.Conv2d(n, 2 * n_out, 3, padding=1, bias=False))
        layers += [Noise()] if twice else []
        layers += [nn.BatchNorm2d(2 * n_out), nn.GLU(dim=1)]  # half of the channels gates the other half
    return nn.Sequential(*layers)


class SkipLayerExcitation(nn.Module):
    """large * sigmoid(f(small)): a factor for each channel of a map, from a smaller map (equation 1).

    Args:
        n_small: Channels of the smaller map.
        n_large: Channels of the larger map.
    """

    def __init__(self, n_small: int, n_large: int):
        super().__init__()
        self.gate = nn.Sequential(
            nn.Conv2d(n_small, n_large, 4, bias=False), nn.SiLU(), nn.Conv2d(n_large, n_large, 1, bias=False)
        )

    def forward(self, small: Tensor, large: Tensor) -> Tensor:
        pooled = adaptive_avg_pool2d(small, 4)  # (N, n_small, h, w) -> (N, n_small, 4, 4)
        return large * self.gate(pooled).sigmoid()  # (N, n_large, H, W) * (N, n_large, 1, 1)


class FastGANGenerator(Generator):
    """z -> x by doublings of the side, some of which have their channels chosen by small maps. z is standard normal.

    Args:
        spec: Shape, kind and classes of the samples.
        z_dim: Width of the noise, 256 in the authors' code.
        width: Channels at 128x128; 16 times as many at 4x4, and 8, 4, 2, 2 at each doubling; halved beyond. 64 there.
    """

    def __init__(self, spec: Spec, z_dim: PositiveInt = 256, width: PositiveInt = 64):
        super().__init__()
        channels, size = need_square_image("generator fastgan", spec)
        side, doublings = _halved("generator fastgan", size, 4)
        sides = [side * 2**k for k in range(doublings + 1)]
        widths = [_generator_width(side, width) for side in sides]
        self.z_dim = z_dim
        self.first = nn.Sequential(
            nn.ConvTranspose2d(z_dim, 2 * widths[0], side, bias=False), nn.BatchNorm2d(2 * widths[0]), nn.GLU(dim=1)
        )
        self.doublings = nn.ModuleList(doubling(widths[k], widths[k + 1], twice=k % 2 == 0) for k in range(doublings))
        self.far = FAR if doublings >= FAR + 2 else min(FAR - 1, doublings)
        self.excitations = nn.ModuleList(
            SkipLayerExcitation(widths[k], widths[k + self.far]) for k in range(doublings - self.far + 1)
        )
        self.pixels = nn.Sequential(nn.Conv2d(widths[-1], channels, 3, padding=1, bias=False), nn.Tanh())
        self.apply(_initialise)

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        maps = [self.first(z[:, :, None, None])]  # (N, z_dim) -> (N, 16*width, 4, 4)
        for k, double in enumerate(self.doublings, 1):
            x = double(maps[-1])  # -> (N, 8*width, 8, 8) -> (N, 4*width, 16, 16) -> ...
            if k >= self.far:
                x = self.excitations[k - self.far](maps[k - self.far], x)
            maps.append(x)
        return self.pixels(maps[-1])  # (N, C, H, W)


class Halving(nn.Module):
    """The mean of two branches at half the side: two convolutions, and a mean of pixels with a 1x1 convolution."""

    def __init__(self, n_in: int, n_out: int):
        super().__init__()
        self.main = nn.Sequential(
            *_convolution(n_in, n_out, 4, stride=2, padding=1), *_convolution(n_out, n_out, 3, padding=1)
        )
        self.direct = nn.Sequential(nn.AvgPool2d(2), *_convolution(n_in, n_out, 1))

    def forward(self, x: Tensor) -> Tensor:
        return (self.main(x) + self.direct(x)) / 2  # (N, n_in, H, W) -> (N, n_out, H/2, W/2)


class FastGANDiscriminator(Discriminator):
    """x -> two maps of logits: of the image, and of the image at half its side.

    Args:
        spec: Shape, kind and classes of the samples.
        width: Channels at 128x128 of a 256x256 image; 16 times as many at 8x8, and half of those at each doubling. 64
            in the authors' code.
    """

    def __init__(self, spec: Spec, width: PositiveInt = 64):
        super().__init__()
        channels, size = need_square_image("discriminator fastgan", spec)
        side, halvings = _halved("discriminator fastgan", size, 8)
        self.medium = min(size // 2, MEDIUM)
        widths = [max(1, int(width * MOST / 2**k)) for k in range(halvings, -1, -1)]  # the outermost first
        self.first = nn.Sequential(nn.Conv2d(channels, widths[0], 3, padding=1, bias=False), nn.LeakyReLU(0.2))
        self.halvings = nn.ModuleList(Halving(widths[k], widths[k + 1]) for k in range(halvings))
        self.excitations = nn.ModuleList(
            SkipLayerExcitation(widths[k], widths[k + FAR - 1]) for k in range(max(0, halvings - FAR + 2))
        )
        self.head = _head(widths[-1])
        below = (self.medium // side).bit_length() - 1  # halvings of the smaller image
        small = [channels, *(widths[-1] // 2 ** (below - k) for k in range(1, below + 1))]
        self.small = nn.Sequential(*(layer for n_in, n_out in pairwise(small) for layer in _strided(n_in, n_out)))
        self.small_head = nn.Conv2d(small[-1], 1, 4, bias=False)
        self.apply(_initialise)

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return self._maps(x)[-1].flatten(1)  # (N, 16*width * 8 * 8)

    def layer_features(self, x: Tensor, y: Tensor | None = None) -> list[Tensor]:
        return self._maps(x)

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        small = self.small(_resized(x, self.medium))
        return stack_logits([self.head(self._maps(x)[-1]), self.small_head(small)])  # (N, 2, 5, 5)

    def _maps(self, x: Tensor) -> list[Tensor]:
        """Return the maps of the image, (N, n, H, W) -> ... -> (N, 16*width, 8, 8)."""
        maps = [self.first(x)]
        for k, halve in enumerate(self.halvings, 1):
            x = halve(maps[-1])
            if k >= FAR - 1:
                x = self.excitations[k - FAR + 1](maps[k - FAR + 1], x)
            maps.append(x)
        return maps


def _convolution(n_in: int, n_out: int, kernel: int, stride: int = 1, padding: int = 0) -> tuple[nn.Module, ...]:
    layer = nn.Conv2d(n_in, n_out, kernel, stride, padding, bias=False)
    return layer, nn.BatchNorm2d(n_out), nn.LeakyReLU(0.2)


def _strided(n_in: int, n_out: int) -> tuple[nn.Module, ...]:
    return _convolution(n_in, n_out, 4, stride=2, padding=1)


def _head(n_in: int) -> nn.Sequential:
    """Return the layers from the last map to logits: (N, n_in, 8, 8) -> (N, 1, 5, 5)."""
    return nn.Sequential(*_convolution(n_in, n_in, 1), nn.Conv2d(n_in, 1, 4, bias=False))


def _resized(x: Tensor, side: int) -> Tensor:
    return x if x.shape[2] == side else interpolate(x, (side, side), mode="area")


def _generator_width(side: int, width: int) -> int:
    """Return the channels at a side, rounded up to a power of two: 16, 8, 4, 2, 2, 1, 1/2, ... times `width` from 4."""
    rank = max(0, (side - 1).bit_length() - 2)  # of 4, 8, 16, ...
    factor = (16, 8, 4, 2, 2)[rank] if rank < 5 else 2.0 ** (5 - rank)
    return max(1, int(factor * width))


def _initialise(module: nn.Module) -> None:
    """Draw weights from N(0, 0.02), and those of batch norm from N(1, 0.02)."""
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)


def _halved(network: str, size: int, least: int) -> tuple[int, int]:
    """Return the innermost side of an image and how often it is halved: 28 -> (7, 2), 64 -> (4, 4) or (8, 3)."""
    side, halvings = halved(size, least)
    if side not in range(4, 9) or not halvings or (size // 2) % side:
        raise IncompatibleError(
            f"{network} needs images whose side is 4 to 8 times a power of two, such as 28, 32, 64 or 256, not {size}: "
            "add dataset.size=64."
        )
    return side, halvings
