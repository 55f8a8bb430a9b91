"""DCGAN, Radford, Metz and Chintala 2016 (arXiv:1511.06434), with 4x4 convolutions in place of the paper's 5x5.

Its guidelines (section 3): strided convolutions instead of pooling; batch norm except at the generator's output and the
discriminator's input; no hidden fully connected layers; ReLU and a final tanh in the generator; LeakyReLU 0.2 in the
discriminator. All weights start from N(0, 0.02). The kernel of 4, a multiple of the stride, treats all pixels alike; it
is that of PyTorch's `dcgan` example, by one of the authors.

The innermost map is 3x3 to 7x7, and the image a power of two larger, from 4 up: 28 = 7 * 4, 32 = 4 * 8, 64 = 4 * 16,
96 = 3 * 32, 128 = 4 * 32. Each doubling of the side halves the channels, down to `width` next to the image.
"""

from typing import Literal

import torch
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


class DCGANGenerator(Generator):
    """z -> x by transposed convolutions. z is uniform on (-1, 1), as in the paper's figure 1.

    Args:
        spec: Shape, kind and classes of the samples.
        z_dim: Width of the noise; 100 in the paper.
        width: Channels next to the image; 64 makes 512 at the innermost layer of a 64x64 image. The paper's LSUN model
            has twice as many.
        condition: How it takes labels: not ("none"), as a vector beside z ("concat"), or as that vector and batch norm
            with a gain and a bias of each class ("batch_norm").
    """

    def __init__(
        self,
        spec: Spec,
        z_dim: PositiveInt = 100,
        width: PositiveInt = 64,
        condition: GeneratorCondition = "none",
    ):
        super().__init__()
        labels = GeneratorLabels("generator dcgan", spec, condition)
        self.conditional = labels.conditional
        channels, size = need_square_image("generator dcgan", spec)
        start, doublings = _stages("generator dcgan", size)
        self.z_dim = z_dim
        n_out = width * 2 ** (doublings - 1)
        layers = [
            nn.ConvTranspose2d(z_dim + labels.width, n_out, start, bias=False),
            labels.norm(n_out),
            nn.ReLU(),
        ]
        while n_out > width:
            n_in, n_out = n_out, n_out // 2
            layers += [_up(n_in, n_out), labels.norm(n_out), nn.ReLU()]
        self.embed = ConditionalSequential(*labels.embed())
        self.layers = ConditionalSequential(*layers, _up(width, channels), nn.Tanh())
        self.apply(initialise)

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        # (N, z_dim, 1, 1) -> (N, 8*width, 4, 4) -> (N, 4*width, 8, 8) -> ... -> (N, C, H, W)
        return self.layers(self.embed(z, y)[:, :, None, None], y)

    def prior(self, n: int) -> Tensor:
        return 2 * torch.rand(n, self.z_dim, device=next(self.parameters()).device) - 1


class DCGANDiscriminator(Discriminator):
    """x -> logit by strided convolutions, the generator's mirror image.

    Args:
        spec: Shape, kind and classes of the samples.
        width: Channels next to the image.
        norm: "none" replaces batch norm by biases, which penalties on the gradient at each sample require.
        condition: How it takes labels: not ("none"), as a map beside the channels ("concat"), or by a projection of the
            features ("projection").
    """

    def __init__(
        self,
        spec: Spec,
        width: PositiveInt = 64,
        norm: Literal["batch", "none"] = "batch",
        condition: DiscriminatorCondition = "none",
    ):
        super().__init__()
        labels = DiscriminatorLabels("discriminator dcgan", spec, condition)
        self.conditional = labels.conditional
        channels, size = need_square_image("discriminator dcgan", spec)
        start, halvings = _stages("discriminator dcgan", size)
        n_out = width
        layers = [*labels.embed(), _down(channels + labels.channels, width, bias=False), nn.LeakyReLU(0.2)]
        while n_out < width * 2 ** (halvings - 1):
            n_in, n_out = n_out, n_out * 2
            normalise = [nn.BatchNorm2d(n_out)] if norm == "batch" else []
            layers += [_down(n_in, n_out, bias=norm == "none"), *normalise, nn.LeakyReLU(0.2)]
        self.layers = ConditionalSequential(*layers, nn.Flatten())
        self.head = labels.head(n_out * start**2, bias=False)
        self.apply(initialise)

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        # (N, C, H, W) -> (N, width, H/2, W/2) -> ... -> (N, 8*width, 4, 4) -> (N, 128*width)
        return self.layers(x, y)

    def logits(self, features: Tensor, y: Tensor | None = None) -> Tensor:
        return apply_layer(self.head, features, y).squeeze(1)  # (N, 128*width) -> (N, 1) -> (N,)


def _up(n_in: int, n_out: int) -> nn.Module:
    """Return a layer that doubles the side."""
    return nn.ConvTranspose2d(n_in, n_out, 4, stride=2, padding=1, bias=False)


def _down(n_in: int, n_out: int, bias: bool) -> nn.Module:
    """Return a layer that halves the side."""
    return nn.Conv2d(n_in, n_out, 4, stride=2, padding=1, bias=bias)


def _stages(network: str, size: int) -> tuple[int, int]:
    """Return the side of the innermost map and how often it doubles: 28 -> (7, 2), 32 -> (4, 3), 64 -> (4, 4)."""
    start, doublings = halved(size, 4)
    if start not in range(3, 8) or doublings < 2:
        raise IncompatibleError(
            f"{network} needs images whose side is 3 to 7 times a power of two from 4 up, such as 28, 32, 64 or 128, "
            f"not {size}: add dataset.size=64."
        )
    return start, doublings


def initialise(module: nn.Module) -> None:
    """Draw weights from N(0, 0.02) (section 4), those of batch norm from N(1, 0.02), and set biases to zero."""
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d) and module.affine:
        nn.init.normal_(module.weight, 1.0, 0.02)
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)) and module.bias is not None:
        nn.init.zeros_(module.bias)
