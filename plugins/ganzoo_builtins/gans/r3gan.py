"""The networks of R3GAN, Huang et al. 2024 (arXiv:2501.05441), config E: residual blocks without normalisation.

Generator and discriminator mirror each other: residual blocks at each resolution, and a filter without weights between
two of them. Only the blocks have biases and activations. They start as the identity; other weights start from
N(0, 1 / inputs). Pixels are linear, without a tanh, and clipped to [-1, 1] in evaluation mode; with output = "tanh"
they end in a tanh. The loss is `relativistic`, with the regularizers `r1` and `r2`.

The innermost map is 3x3 to 7x7, and the outermost a power of two larger: 28 = 7 * 4, 32 = 4 * 8, 64 = 4 * 16. Each of
its positions is a pixel of the image, or a patch of pixels: with patch = 2 the blocks of a 28x28 image work at 14x14
and 7x7, which is several times cheaper.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Literal

import torch
from pydantic import PositiveInt
from torch import Tensor, nn

from ganzoo import (
    ConcatEmbedding,
    ConditionalSequential,
    Discriminator,
    Generator,
    IncompatibleError,
    Spec,
    apply_layer,
)
from ganzoo_builtins.gans.pixels import Output, end_pixels
from ganzoo_builtins.gans.requirements import halved, need_labels, need_multiple
from ganzoo_builtins.layers.resampling import Down, Up

GROUP = 16  # channels of a group of the 3x3 convolutions
WIDE = 32  # largest side of a map that has all channels
SLOPE = 0.2  # of LeakyReLU


class Block(nn.Module):
    """x + residual(x), an inverted bottleneck: twice the channels inside, convolved in groups of 16.

    Args:
        width: Channels of x.
        depth: Blocks of the network, the more of which the smaller their first weights.
    """

    def __init__(self, width: int, depth: int):
        super().__init__()
        wide = 2 * width
        self.residual = nn.Sequential(
            nn.Conv2d(width, wide, 1),
            nn.LeakyReLU(SLOPE),
            nn.Conv2d(wide, wide, 3, padding=1, groups=wide // math.gcd(wide, GROUP)),
            nn.LeakyReLU(SLOPE),
            nn.Conv2d(wide, width, 1, bias=False),
        )
        enter, grouped, leave = (layer for layer in self.residual if isinstance(layer, nn.Conv2d))
        gain = math.sqrt(2 / (1 + SLOPE**2)) * depth**-0.25
        for layer in (enter, grouped):
            start(layer.weight, layer.weight[0].numel(), gain)
            assert layer.bias is not None
            nn.init.zeros_(layer.bias)
        nn.init.zeros_(leave.weight)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.residual(x)  # (N, width, H, W)


class R3GANGenerator(Generator):
    """z -> x: a learned map, each channel of which z scales, through residual blocks. z is standard normal.

    Args:
        spec: Shape, kind and classes of the samples.
        z_dim: Width of the noise, 64 in the paper.
        width: Channels of maps of up to 32x32; half as many at each doubling beyond. 768 in the paper.
        blocks: Residual blocks at each resolution, 2 in the paper.
        patch: Side in pixels of a position of the outermost map, 1 in the paper.
        condition: How it takes labels: not ("none"), or as a vector beside z ("concat").
        output: How pixels end: "linear", as in the paper, or in a "tanh", which makes a background of exactly -1 or 1,
            as that of digits, easy to draw.
    """

    def __init__(
        self,
        spec: Spec,
        z_dim: PositiveInt = 64,
        width: PositiveInt = 768,
        blocks: PositiveInt = 2,
        patch: PositiveInt = 1,
        condition: Literal["none", "concat"] = "none",
        output: Output = "linear",
    ):
        super().__init__()
        channels, side, widths = _stages("generator r3gan", spec, width, patch)
        self.z_dim = z_dim
        self.output = output
        self.conditional = condition != "none"
        self.embed = ConditionalSequential()
        if self.conditional:
            need_labels("generator r3gan", spec)
            self.embed.append(beside := ConcatEmbedding(spec.classes, z_dim))
            start(beside.embedding.weight, spec.classes)
        codes = 2 * z_dim if self.conditional else z_dim
        self.scale = nn.Linear(codes, widths[0], bias=False)
        self.basis = nn.Parameter(torch.empty(widths[0], side, side))
        depth = blocks * len(widths)
        layers: list[nn.Module] = [Block(widths[0], depth) for _ in range(blocks)]
        for n_in, n_out in pairwise(widths):
            layers += [*_change(n_in, n_out), Up(), *(Block(n_out, depth) for _ in range(blocks))]
        self.layers = nn.Sequential(*layers)
        self.pixels = nn.ConvTranspose2d(widths[-1], channels, patch, stride=patch, bias=False)
        start(self.scale.weight, codes)
        start(self.basis, 1)
        start(self.pixels.weight, widths[-1])

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        scale = self.scale(self.embed(z, y))[:, :, None, None]  # (N, z_dim) -> (N, width, 1, 1)
        x = self.pixels(self.layers(self.basis * scale))  # (N, width, 4, 4) -> ... -> (N, width, H, W) -> (N, C, H, W)
        return end_pixels(x, self.output, self.training)


class R3GANDiscriminator(Discriminator):
    """x -> logit: the generator's mirror image, down to a number for each channel.

    Args:
        spec: Shape, kind and classes of the samples.
        width: Channels of maps of up to 32x32; half as many at each doubling beyond. 768 in the paper.
        blocks: Residual blocks at each resolution, 2 in the paper.
        patch: Side in pixels of a position of the outermost map, 1 in the paper.
        condition: How it takes labels: not ("none"), or by the inner product of the features with a vector of the
            class ("projection").
    """

    def __init__(
        self,
        spec: Spec,
        width: PositiveInt = 768,
        blocks: PositiveInt = 2,
        patch: PositiveInt = 1,
        condition: Literal["none", "projection"] = "none",
    ):
        super().__init__()
        channels, side, widths = _stages("discriminator r3gan", spec, width, patch)
        self.conditional = condition != "none"
        if self.conditional:
            need_labels("discriminator r3gan", spec)
        depth = blocks * len(widths)
        self.patches = nn.Conv2d(channels, widths[-1], patch, stride=patch, bias=False)
        layers: list[nn.Module] = [Block(widths[-1], depth) for _ in range(blocks)]
        for n_in, n_out in pairwise(reversed(widths)):
            layers += [Down(), *_change(n_in, n_out), *(Block(n_out, depth) for _ in range(blocks))]
        self.layers = nn.Sequential(*layers)
        self.pool = nn.Conv2d(widths[0], widths[0], side, groups=widths[0], bias=False)
        self.head = InnerProduct(widths[0], spec.classes) if self.conditional else _linear(widths[0], 1)
        start(self.patches.weight, channels * patch**2)
        start(self.pool.weight, side**2)

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        # (N, C, H, W) -> (N, width, H, W) -> ... -> (N, width, 4, 4) -> (N, width)
        return self.pool(self.layers(self.patches(x))).flatten(1)

    def logits(self, features: Tensor, y: Tensor | None = None) -> Tensor:
        return apply_layer(self.head, features, y).squeeze(1)  # (N, width) -> (N, 1) -> (N,)


class InnerProduct(nn.Module):
    """<v_y, linear(features)>: a projection (arXiv:1802.05637) without a part that sees no label; (N, F) -> (N, 1)."""

    conditional = True

    def __init__(self, width: int, classes: int):
        super().__init__()
        self.linear = _linear(width, width)
        self.class_vectors = nn.Embedding(classes, width)
        start(self.class_vectors.weight, classes * width)

    def forward(self, features: Tensor, y: Tensor) -> Tensor:
        return (self.class_vectors(y) * self.linear(features)).sum(1, keepdim=True)


def start(weight: Tensor, inputs: int, gain: float = 1.0) -> None:
    """Draw a weight from N(0, gain^2 / inputs), so that outputs are `gain` times as large as inputs."""
    nn.init.normal_(weight, std=gain / math.sqrt(inputs))


def _linear(n_in: int, n_out: int) -> nn.Module:
    layer = nn.Linear(n_in, n_out, bias=False)
    start(layer.weight, n_in)
    return layer


def _change(n_in: int, n_out: int) -> list[nn.Module]:
    """Return the 1x1 convolution from one width to another, if they differ."""
    if n_in == n_out:
        return []
    layer = nn.Conv2d(n_in, n_out, 1, bias=False)
    start(layer.weight, n_in)
    return [layer]


def _stages(network: str, spec: Spec, width: int, patch: int) -> tuple[int, int, list[int]]:
    """Return the channels of the image, the side of the innermost map, and widths of all maps, the innermost first."""
    channels, size = need_multiple(network, spec, patch)
    side, doublings = halved(size // patch, 4)
    if side not in range(3, 8):
        raise IncompatibleError(
            f"{network} needs images whose side is 3 to 7 times a power of two, times its patch of {patch}, such as "
            f"{28 * patch}, {32 * patch} or {64 * patch}, not {size}: add dataset.size={64 * patch}."
        )
    return channels, side, [max(1, min(width, width * WIDE // (side * 2**k))) for k in range(doublings + 1)]
