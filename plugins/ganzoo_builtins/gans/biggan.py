"""The networks of BigGAN, Brock, Donahue and Simonyan 2019 (arXiv:1809.11096), in the size that its code has for 32x32.

Residual blocks as in SNGAN, of one width, with a vector of the class that all layers share: each batch norm computes
its gains and biases from that vector and from a chunk of z of its own (hierarchical z, section 3). The discriminator
projects the class. Spectral normalisation of both networks is the regularizer `spectral_norm` with players = "both",
which leaves the vectors of the generator alone; `orthogonal` is the penalty of section 3.1.

The innermost map of the generator is 3x3 to 7x7, and the image a power of two larger: 28 = 7 * 4, 32 = 4 * 8.
"""

from __future__ import annotations

import torch
from pydantic import NonNegativeFloat, NonNegativeInt, PositiveInt
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from ganzoo import ConditionalBatchNorm2d, Discriminator, Generator, IncompatibleError, ProjectionHead, Spec
from ganzoo_builtins.gans.requirements import halved, need_labels, need_square_image


class SharedBatchNorm2d(nn.Module):
    """Batch norm whose gains and biases are linear in a condition: (N, C, H, W), (N, F) -> (N, C, H, W).

    The gain is 1 + W c and the bias V c, without biases of W and V.

    Args:
        channels: Number of channels C.
        width: Width F of the condition.
    """

    def __init__(self, channels: int, width: int):
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.gain = linear(width, channels, bias=False)
        self.bias = linear(width, channels, bias=False)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        gain = 1 + self.gain(condition)[:, :, None, None]  # (N, C, 1, 1)
        return self.bias(condition)[:, :, None, None] + gain * self.norm(x)


class Up(nn.Module):
    """A block of the generator, which doubles the side: shortcut(x) + residual(x).

    Args:
        width: Channels.
        norms: The two batch norms, which are called with the condition.
    """

    def __init__(self, width: int, norms: tuple[nn.Module, nn.Module]):
        super().__init__()
        self.norms = nn.ModuleList(norms)
        self.convolutions = nn.ModuleList([conv(width, width, 3), conv(width, width, 3)])
        self.shortcut = conv(width, width, 1)
        self.enlarge = nn.Upsample(scale_factor=2)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        h = self.convolutions[0](self.enlarge(self.norms[0](x, condition).relu()))  # (N, width, 2H, 2W)
        h = self.convolutions[1](self.norms[1](h, condition).relu())
        return h + self.shortcut(self.enlarge(x))


class Down(nn.Module):
    """A block of the discriminator; the first one has no activation in front, and pools before its shortcut."""

    def __init__(self, n_in: int, width: int, halve: bool, first: bool = False):
        super().__init__()
        self.halve = halve
        self.first = first
        self.convolutions = nn.ModuleList([conv(n_in, width, 3), conv(width, width, 3)])
        self.shortcut = conv(n_in, width, 1) if halve or n_in != width else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        h = self.convolutions[0](x if self.first else x.relu())
        h = self._pooled(self.convolutions[1](h.relu()))
        return h + (self.shortcut(self._pooled(x)) if self.first else self._pooled(self.shortcut(x)))

    def _pooled(self, x: Tensor) -> Tensor:
        return avg_pool2d(x, 2) if self.halve else x


class BigGANGenerator(Generator):
    """z, y -> x through blocks that double the side. z is standard normal, and truncated in evaluation mode.

    Args:
        spec: Shape, kind and classes of the samples.
        z_dim: Width of the noise, 120 in the paper: equal chunks for the first layer and for each block.
        width: Channels of every map, 256 in the authors' code for CIFAR-10.
        shared: Width of the vector of a class, 128 in the paper. With 0 each batch norm has gains and biases of each
            class, and all of z enters the first layer, as in the authors' code for CIFAR-10.
        truncation: Largest absolute value of z in evaluation mode, where values beyond it are drawn again (section
            3.1); 0 for none. Smaller values give more typical, less varied samples.
    """

    conditional = True

    def __init__(
        self,
        spec: Spec,
        z_dim: PositiveInt = 120,
        width: PositiveInt = 256,
        shared: NonNegativeInt = 128,
        truncation: NonNegativeFloat = 0.0,
    ):
        super().__init__()
        need_labels("generator biggan", spec)
        channels, side, blocks = _stages("generator biggan", spec)
        self.z_dim = z_dim
        self.truncation = truncation
        chunks = blocks + 1 if shared else 1
        if z_dim % chunks:
            raise IncompatibleError(
                f"generator biggan divides its noise into {chunks} equal chunks, and z_dim is {z_dim}: add "
                f"generator.z_dim={max(1, z_dim // chunks) * chunks}."
            )
        self.chunk = z_dim // chunks
        self.embedding = nn.Embedding(spec.classes, shared) if shared else None

        def norm() -> nn.Module:
            """Return a batch norm that a class, and a chunk of z, condition."""
            if shared:
                return SharedBatchNorm2d(width, shared + self.chunk)
            return ConditionalBatchNorm2d(width, spec.classes)

        self.first = nn.Sequential(linear(self.chunk, width * side**2), nn.Unflatten(1, (width, side, side)))
        self.blocks = nn.ModuleList(Up(width, (norm(), norm())) for _ in range(blocks))
        self.pixels = nn.Sequential(nn.BatchNorm2d(width), nn.ReLU(), conv(width, channels, 3), nn.Tanh())

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        x = self.first(z[:, : self.chunk])  # (N, z_dim) -> (N, width, H/8, W/8)
        for k, block in enumerate(self.blocks, start=1):
            x = block(x, self.condition(z, y, k))  # -> (N, width, 2H, 2W)
        return self.pixels(x)

    def condition(self, z: Tensor, y: Tensor | None, k: int) -> Tensor:
        """Return what conditions block k: the vector of the class and chunk k of z, or the labels themselves."""
        if self.embedding is None:
            assert y is not None
            return y
        return torch.cat([self.embedding(y), z[:, k * self.chunk : (k + 1) * self.chunk]], dim=1)

    def prior(self, n: int) -> Tensor:
        z = torch.randn(n, self.z_dim, device=next(self.parameters()).device)
        if self.truncation and not self.training:
            nn.init.trunc_normal_(z, a=-self.truncation, b=self.truncation)
        return z


class BigGANDiscriminator(Discriminator):
    """x, y -> logit through four blocks, the first two of which halve the side, a sum over the map, and a projection.

    Args:
        spec: Shape, kind and classes of the samples.
        width: Channels of every map, 256 in the authors' code for CIFAR-10.
    """

    conditional = True

    def __init__(self, spec: Spec, width: PositiveInt = 256):
        super().__init__()
        need_labels("discriminator biggan", spec)
        channels, _, _ = _stages("discriminator biggan", spec)
        self.blocks = nn.Sequential(
            Down(channels, width, halve=True, first=True),
            Down(width, width, halve=True),
            Down(width, width, halve=False),
            Down(width, width, halve=False),
            nn.ReLU(),
        )
        self.head = ProjectionHead(width, spec.classes)
        for weight in (self.head.linear.weight, self.head.class_vectors.weight):
            nn.init.orthogonal_(weight)

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return self.blocks(x).sum((2, 3))  # (N, C, H, W) -> (N, width, H/4, W/4) -> (N, width)

    def logits(self, features: Tensor, y: Tensor | None = None) -> Tensor:
        return self.head(features, y).squeeze(1)  # (N, width) -> (N, 1) -> (N,)


def conv(n_in: int, n_out: int, kernel: int) -> nn.Conv2d:
    """Return a convolution that keeps the side, with orthogonal weights."""
    layer = nn.Conv2d(n_in, n_out, kernel, padding=kernel // 2)
    nn.init.orthogonal_(layer.weight)
    return layer


def linear(n_in: int, n_out: int, bias: bool = True) -> nn.Linear:
    """Return a linear layer with orthogonal weights."""
    layer = nn.Linear(n_in, n_out, bias)
    nn.init.orthogonal_(layer.weight)
    return layer


def _stages(network: str, spec: Spec) -> tuple[int, int, int]:
    """Return the channels of the image, the side of the innermost map, and how often it doubles: 28 -> 7, 2."""
    channels, size = need_square_image(network, spec)
    side, doublings = halved(size, 4)
    if side not in range(3, 8) or doublings < 2:
        raise IncompatibleError(
            f"{network} needs images whose side is 3 to 7 times a power of two from 4 up, such as 28, 32 or 64, not "
            f"{size}: add dataset.size=64."
        )
    return channels, side, doublings
