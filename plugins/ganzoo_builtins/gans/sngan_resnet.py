"""The residual networks of SNGAN for 32x32 images, Miyato et al. 2018 (arXiv:1802.05957), table 4.

Spectral normalisation is the regularizer of that name. No activation works in place, since the shortcut of a block
needs its input unchanged. Weights are Glorot's, with a gain of sqrt(2) in the residual branches, as in the authors'
code.
"""

from __future__ import annotations

from pydantic import PositiveInt
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from ganzoo import ConditionalSequential, Discriminator, Generator, Spec, apply_layer
from ganzoo_builtins.gans.condition import (
    DiscriminatorCondition,
    DiscriminatorLabels,
    GeneratorCondition,
    GeneratorLabels,
)
from ganzoo_builtins.gans.requirements import need_multiple


class Up(nn.Module):
    """A block of the generator that doubles the side: shortcut(x) + residual(x)."""

    conditional = True  # where its batch norms are

    def __init__(self, width: int, labels: GeneratorLabels):
        super().__init__()
        self.residual = ConditionalSequential(
            labels.norm(width),
            nn.ReLU(),
            nn.Upsample(scale_factor=2),
            conv(width, width, 3),
            labels.norm(width),
            nn.ReLU(),
            conv(width, width, 3),
        )
        self.shortcut = nn.Sequential(nn.Upsample(scale_factor=2), conv(width, width, 1))

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return self.shortcut(x) + self.residual(x, y)  # (N, width, H, W) -> (N, width, 2H, 2W)


class Down(nn.Module):
    """A block of the discriminator, which halves the side with `halve`; the first one has no activation in front."""

    def __init__(self, n_in: int, width: int, halve: bool, first: bool = False):
        super().__init__()
        self.halve = halve
        self.first = first
        self.residual = nn.Sequential(
            nn.Identity() if first else nn.ReLU(), conv(n_in, width, 3), nn.ReLU(), conv(width, width, 3)
        )
        self.shortcut = conv(n_in, width, 1) if halve or n_in != width else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        if self.first:  # pooling first is the same for a 1x1 convolution, and cheaper
            return self.shortcut(avg_pool2d(x, 2)) + avg_pool2d(self.residual(x), 2)  # -> (N, width, H/2, W/2)
        x = self.shortcut(x) + self.residual(x)  # (N, n_in, H, W) -> (N, width, H, W)
        return avg_pool2d(x, 2) if self.halve else x


class SNGANResNetGenerator(Generator):
    """z -> x through three blocks that double the side. z is standard normal.

    Args:
        spec: Shape, kind and classes of the samples.
        z_dim: Width of the noise, 128 in the paper.
        width: Channels of every map, 256 in the paper.
        condition: How it takes labels: not ("none"), as a vector beside z ("concat"), or as that vector and batch norm
            with a gain and a bias of each class ("batch_norm").
    """

    name = "sngan_resnet"

    def __init__(
        self,
        spec: Spec,
        z_dim: PositiveInt = 128,
        width: PositiveInt = 256,
        condition: GeneratorCondition = "none",
    ):
        super().__init__()
        labels = GeneratorLabels(f"generator {self.name}", spec, condition)
        self.conditional = labels.conditional
        channels, size = need_multiple(f"generator {self.name}", spec, 8)
        self.z_dim = z_dim
        project = nn.Linear(z_dim + labels.width, width * (size // 8) ** 2)
        nn.init.xavier_uniform_(project.weight)
        nn.init.zeros_(project.bias)
        self.layers = ConditionalSequential(
            *labels.embed(),
            project,
            nn.Unflatten(1, (width, size // 8, size // 8)),
            Up(width, labels),
            Up(width, labels),
            Up(width, labels),
            labels.norm(width),
            nn.ReLU(),
            conv(width, channels, 3, gain=1.0),
            nn.Tanh(),
        )

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        return self.layers(z, y)  # (N, z_dim) -> (N, width, H/8, W/8) -> ... -> (N, width, H, W) -> (N, C, H, W)


class SNGANResNetDiscriminator(Discriminator):
    """x -> logit through four blocks, the first two of which halve the side, and a sum over the map.

    Args:
        spec: Shape, kind and classes of the samples.
        width: Channels of every map, 128 in the paper.
        condition: How it takes labels: not ("none"), as a map beside the channels ("concat"), or by a projection of the
            features ("projection").
    """

    name = "sngan_resnet"

    def __init__(self, spec: Spec, width: PositiveInt = 128, condition: DiscriminatorCondition = "none"):
        super().__init__()
        labels = DiscriminatorLabels(f"discriminator {self.name}", spec, condition)
        self.conditional = labels.conditional
        channels, _ = need_multiple(f"discriminator {self.name}", spec, 8)
        self.layers = ConditionalSequential(
            *labels.embed(),
            Down(channels + labels.channels, width, halve=True, first=True),
            Down(width, width, halve=True),
            Down(width, width, halve=False),
            Down(width, width, halve=False),
            nn.ReLU(),
        )
        self.head = self.last_layer(labels, width)

    def last_layer(self, labels: DiscriminatorLabels, width: int) -> nn.Module:
        """Return the layer from features (N, width) to logits (N, 1)."""
        return glorot(labels.head(width, bias=False))

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return self.layers(x, y).sum((2, 3))  # (N, C, H, W) -> (N, width, H/4, W/4) -> (N, width)

    def logits(self, features: Tensor, y: Tensor | None = None) -> Tensor:
        return apply_layer(self.head, features, y).squeeze(1)  # (N, width) -> (N, 1) -> (N,)


def glorot(head: nn.Module) -> nn.Module:
    """Draw the weights of the linear layers in `head` from Glorot's uniform distribution, and set biases to zero."""
    for layer in head.modules():
        if isinstance(layer, nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    return head


def conv(n_in: int, n_out: int, kernel: int, gain: float | None = None) -> nn.Conv2d:
    """Return a convolution that keeps the side, with a gain of sqrt(2), or 1 for the 1x1 kernels of shortcuts."""
    layer = nn.Conv2d(n_in, n_out, kernel, padding=kernel // 2)
    nn.init.xavier_uniform_(layer.weight, gain if gain is not None else 2**0.5 if kernel > 1 else 1.0)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer
