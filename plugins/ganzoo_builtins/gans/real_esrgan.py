"""The networks of Real-ESRGAN, Wang, Xie, Dong and Shan 2021 (arXiv:2107.10833): photographs of unknown damage, larger.

The generator is that of ESRGAN (Wang et al. 2018, arXiv:1809.00219): residual blocks of dense blocks, without
normalisation. The discriminator is a U-Net with spectral norm, which judges every pixel. The damage is the transform
`degradation`, and the procedure `srgan` with distance = "l1".
"""

from __future__ import annotations

import torch
from pydantic import PositiveInt
from torch import Tensor, nn
from torch.nn.functional import interpolate, leaky_relu

from ganzoo import Discriminator, Generator, IncompatibleError, Spec
from ganzoo_builtins.gans.requirements import need_image
from ganzoo_builtins.regularizers.spectral_norm import normalise

SCALE = 4  # when the size of the input is not given
SLOPE = 0.2
SHARE = 0.2  # of a block's output that is added to its input


class RRDBGenerator(Generator):
    """a -> b, of the same size or larger by a power of two: residual-in-residual dense blocks, then doublings.

    It doubles maps twice. For factors of 1 and 2, the pixels of 4x4 or 2x2 squares of the input become channels first,
    so that all blocks work at a quarter of the output's side. Inputs may have any size, in multiples of those squares.
    The paper's last layer is linear; here a tanh keeps pixels in their range.

    Args:
        spec: Shape, kind and classes of the samples.
        source: Spec of the inputs; by default a quarter of the output's side.
        width: Channels of every map.
        blocks: Number of residual-in-residual blocks, of three dense blocks each; 23 in the paper.
        growth: Channels that each layer of a dense block adds.
    """

    def __init__(
        self,
        spec: Spec,
        source: Spec | None = None,
        width: PositiveInt = 64,
        blocks: PositiveInt = 23,
        growth: PositiveInt = 32,
    ):
        super().__init__()
        channels, height, w = need_image("generator rrdb", spec)
        source_channels, *small = source.shape if source else (channels, height // SCALE, w // SCALE)
        self.source_shape = (source_channels, *small)
        scale = height // max(1, small[0])
        self.multiple = max(1, 4 // max(1, scale))  # side of the squares that become channels
        if scale & (scale - 1) or tuple(scale * side for side in small) != (height, w) or small[0] % self.multiple:
            raise IncompatibleError(
                f"generator rrdb enlarges by 1, 2, 4, 8, ..., and not {self.source_shape} to {spec.shape}: set "
                "transform.factor to such a number, and dataset.size to a multiple of 4 that it divides."
            )
        self.squares = nn.PixelUnshuffle(self.multiple)
        self.first = nn.Conv2d(source_channels * self.multiple**2, width, 3, padding=1)
        self.blocks = nn.Sequential(*(ResidualInResidual(width, growth) for _ in range(blocks)))
        self.after = nn.Conv2d(width, width, 3, padding=1)
        doublings = (scale * self.multiple).bit_length() - 1
        self.up = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in range(doublings))
        self.last = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1),
            nn.LeakyReLU(SLOPE),
            nn.Conv2d(width, channels, 3, padding=1),
            nn.Tanh(),
        )

    def forward(self, a: Tensor, y: Tensor | None = None) -> Tensor:
        x = self.first(self.squares(a))  # (N, c, h, w) -> (N, c*m*m, h/m, w/m) -> (N, width, h/m, w/m)
        x = x + self.after(self.blocks(x))
        for layer in self.up:
            x = leaky_relu(layer(interpolate(x, scale_factor=2.0, mode="nearest")), SLOPE)  # -> (N, width, 2h/m, 2w/m)
        return self.last(x)  # -> (N, C, H, W)


class ResidualInResidual(nn.Module):
    """x + 0.2 f(x), f of three dense blocks."""

    def __init__(self, width: int, growth: int):
        super().__init__()
        self.blocks = nn.Sequential(*(Dense(width, growth) for _ in range(3)))

    def forward(self, x: Tensor) -> Tensor:
        return x + SHARE * self.blocks(x)


class Dense(nn.Module):
    """x + 0.2 f(x), f of five convolutions, each of which sees the maps of all before it.

    Weights start from a tenth of He's normal distribution, as ESRGAN's section 3.1 asks for smaller ones.
    """

    def __init__(self, width: int, growth: int):
        super().__init__()
        widths = [growth] * 4 + [width]
        self.layers = nn.ModuleList(
            nn.Conv2d(width + k * growth, n_out, 3, padding=1) for k, n_out in enumerate(widths)
        )
        for layer in self.layers:
            assert isinstance(layer, nn.Conv2d) and layer.bias is not None
            nn.init.kaiming_normal_(layer.weight)
            with torch.no_grad():
                layer.weight.mul_(0.1)
            nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        maps = x
        for layer in self.layers[:-1]:
            maps = torch.cat([maps, leaky_relu(layer(maps), SLOPE)], dim=1)  # (N, width + k*growth, h, w)
        return x + SHARE * self.layers[-1](maps)


class UNetDiscriminator(Discriminator):
    """x -> a logit for each pixel: three halvings and three doublings with skip connections, spectral norm.

    All layers but the first and the last have spectral norm. Maps may have any size.

    Args:
        spec: Shape, kind and classes of the samples.
        width: Channels next to the image, doubled at each halving.
    """

    def __init__(self, spec: Spec, width: PositiveInt = 64):
        super().__init__()
        channels, *sides = need_image("discriminator unet", spec)
        if min(sides) < 8:
            raise IncompatibleError(
                f"discriminator unet halves images three times, and {sides[0]}x{sides[1]} cannot be: add "
                "dataset.size=8 or more."
            )
        self.first = nn.Conv2d(channels, width, 3, padding=1)
        self.down = nn.ModuleList(_normalised(width * 2**k, width * 2 ** (k + 1), 4, stride=2) for k in range(3))
        self.up = nn.ModuleList(_normalised(width * 2 ** (k + 1), width * 2**k, 3) for k in (2, 1, 0))
        self.after = nn.ModuleList(_normalised(width, width, 3) for _ in range(2))
        self.head = nn.Conv2d(width, 1, 3, padding=1)

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return self._maps(x).flatten(1)  # (N, width, H, W) -> (N, width * H * W)

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return self.head(self._maps(x))  # (N, C, H, W) -> (N, 1, H, W)

    def _maps(self, x: Tensor) -> Tensor:
        x = leaky_relu(self.first(x), SLOPE)  # (N, C, H, W) -> (N, width, H, W)
        skipped = []
        for layer in self.down:
            skipped.append(x)
            x = leaky_relu(layer(x), SLOPE)  # -> (N, 2*width, H/2, W/2) -> ... -> (N, 8*width, H/8, W/8)
        for layer in self.up:
            before = skipped.pop()
            x = interpolate(x, before.shape[2:], mode="bilinear")
            x = leaky_relu(layer(x), SLOPE) + before  # -> (N, 4*width, H/4, W/4) -> ... -> (N, width, H, W)
        for layer in self.after:
            x = leaky_relu(layer(x), SLOPE)
        return x


def _normalised(n_in: int, n_out: int, side: int, stride: int = 1) -> nn.Conv2d:
    """Return a convolution with spectral norm, and without bias."""
    layer = nn.Conv2d(n_in, n_out, side, stride, 1, bias=False)
    normalise(layer, iterations=1)
    return layer
