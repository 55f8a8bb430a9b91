"""pix2pix, Isola, Zhu, Zhou and Efros 2017 (arXiv:1611.07004): a U-Net against a discriminator of patches.

The networks are those of the authors' PyTorch code. The U-Net halves the image to a single pixel and doubles it again.
Skip connections give each doubling the map of the same size from the way down, so that structure that input and output
share bypasses the bottleneck. Its only noise is dropout, which stays on when it samples (section 3.2). The
discriminator judges each patch by itself; three strided layers see patches of 70 pixels. All weights start from
N(0, 0.02).

The procedure is `translation`. Images may have any size: a smaller one is halved less often.
"""

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Annotated, Literal

import torch
from pydantic import Field, PositiveInt
from torch import Tensor, nn
from torch.nn.functional import dropout

from ganzoo import Discriminator, Generator, IncompatibleError, Spec
from ganzoo_builtins.gans.requirements import need_image

MOST = 8  # halvings: 256 -> 1
WIDEST = 8  # times `width`

Norm = Literal["batch", "instance"]


class Pix2pixGenerator(Generator):
    """a -> b by a U-Net: 4x4 convolutions of stride 2 down, transposed ones up, a tanh at the end.

    Args:
        spec: Shape, kind and classes of the samples.
        source: Spec of the inputs; by default that of the outputs.
        width: Channels next to the image; they double at each halving, up to eight times as many.
        levels: Number of halvings, 8 in the paper and at most; 0 halves as often as possible.
        dropout: Probability of dropping a unit in the first three layers up, in training and after it; this is the only
            noise.
        norm: "batch", or "instance", which equals batch norm in batches of one image, as in the paper.
    """

    def __init__(
        self,
        spec: Spec,
        source: Spec | None = None,
        width: PositiveInt = 64,
        levels: Annotated[int, Field(ge=0, le=MOST)] = 0,
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.5,
        norm: Norm = "batch",
    ):
        super().__init__()
        channels, *sides = need_image("generator pix2pix", spec)
        source_shape = source.shape if source else spec.shape
        if source_shape[1:] != spec.shape[1:]:
            raise IncompatibleError(
                f"generator pix2pix keeps the size of its input, and {source_shape} is not that of {spec.shape}: "
                "choose another [transform], or another generator."
            )
        possible = min(MOST, min(sides).bit_length() - 1)
        if possible < 2 or levels > possible:
            raise IncompatibleError(
                f"generator pix2pix halves the image {max(2, levels)} times, and {sides[0]}x{sides[1]} can be halved "
                f"{possible} times: add dataset.size={2 ** max(2, levels)}, or leave levels out."
            )
        self.source_shape = tuple(source_shape)
        self.dropout = dropout
        levels = levels or possible
        widths = [width * min(2**i, WIDEST) for i in range(levels)]  # 64, 128, 256, 512, 512, ...
        down: list[nn.Module] = [nn.Conv2d(source_shape[0], widths[0], 4, stride=2, padding=1, bias=False)]
        for i, (n_in, n_out) in enumerate(pairwise(widths), 1):
            inner = i == levels - 1  # a single pixel has no statistics
            normalise = [] if inner else [_norm(norm, n_out)]
            down.append(nn.Sequential(nn.LeakyReLU(0.2), nn.Conv2d(n_in, n_out, 4, 2, 1, bias=False), *normalise))
        up: list[nn.Module] = []
        for i in reversed(range(1, levels)):
            n_in = widths[i] * (1 if i == levels - 1 else 2)  # with the map of the skip connection
            odd = tuple(side // 2**i % 2 for side in sides)  # 7 -> 3 -> 7: a row more than twice as many
            layer = nn.ConvTranspose2d(n_in, widths[i - 1], 4, 2, 1, output_padding=odd, bias=False)
            up.append(nn.Sequential(nn.ReLU(), layer, _norm(norm, widths[i - 1])))
        odd = tuple(side % 2 for side in sides)
        self.down = nn.ModuleList(down)
        self.up = nn.ModuleList(up)
        self.last = nn.Sequential(
            nn.ReLU(), nn.ConvTranspose2d(2 * widths[0], channels, 4, 2, 1, output_padding=odd), nn.Tanh()
        )
        self.noisy = min(3, levels - 2)  # layers with dropout; not the last two, which would blur edges
        self.apply(initialise)

    def forward(self, a: Tensor, y: Tensor | None = None) -> Tensor:
        maps: list[Tensor] = []
        x = a
        for layer in self.down:
            x = layer(x)  # (N, C, H, W) -> (N, width, H/2, W/2) -> ... -> (N, 8*width, 1, 1)
            maps.append(x)
        maps.pop()
        for k, layer in enumerate(self.up):
            x = layer(x)
            if k < self.noisy:
                x = dropout(x, self.dropout)  # in evaluation mode too
            x = torch.cat([x, maps.pop()], dim=1)  # (N, 8*width, 2, 2) twice -> (N, 16*width, 2, 2)
        return self.last(x)  # -> (N, 2*width, H/2, W/2) -> (N, C, H, W)


class PatchDiscriminator(Discriminator):
    """x -> a logit for each patch: 4x4 convolutions, strided ones first, then two that are not.

    Args:
        name: Name of the network, for messages.
        spec: Shape, kind and classes of the samples.
        width: Channels next to the image, doubled at each layer, up to eight times as many.
        layers: Number of strided layers: 1 sees patches of 16 pixels, 2 of 34, and 3 of 70.
        norm: Makes the norm of so many channels, after all convolutions but the first and the last; None for none.
        bias: Whether convolutions before a norm have biases.
    """

    def __init__(
        self, name: str, spec: Spec, width: int, layers: int, norm: Callable[[int], nn.Module] | None, bias: bool
    ):
        super().__init__()
        channels, *sides = need_image(f"discriminator {name}", spec)
        if min(sides) // 2**layers < 3:
            raise IncompatibleError(
                f"discriminator {name} halves the image {layers} times and needs 3 pixels to be left, which "
                f"{sides[0]}x{sides[1]} has not: add dataset.size={3 * 2**layers}, or set layers to fewer."
            )
        strided: list[nn.Module] = [nn.Conv2d(channels, width, 4, stride=2, padding=1), nn.LeakyReLU(0.2)]
        n_out = width
        for i in range(1, layers + 1):
            n_in, n_out = n_out, width * min(2**i, WIDEST)
            normalise = [norm(n_out)] if norm else []
            stride = 2 if i < layers else 1
            strided += [nn.Conv2d(n_in, n_out, 4, stride, 1, bias=bias), *normalise, nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*strided)
        self.head = nn.Conv2d(n_out, 1, 4, stride=1, padding=1)
        self.apply(initialise)

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return self.layers(x).flatten(1)  # (N, C, H, W) -> (N, 8*width, H/8 - 1, W/8 - 1) -> (N, width)

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return self.head(self.layers(x))  # (N, C, H, W) -> (N, 1, H/8 - 2, W/8 - 2)


class Pix2pixDiscriminator(PatchDiscriminator):
    """x -> a logit for each patch: 4x4 convolutions, strided ones first, then two that are not.

    In `translation` x is an input concatenated with its output or with the real one.

    Args:
        spec: Shape, kind and classes of the samples.
        width: Channels next to the image, doubled at each layer, up to eight times as many.
        layers: Number of strided layers: 1 sees patches of 16 pixels, 2 of 34, and 3, as in the paper, of 70.
        norm: As in the generator; "none" replaces it by biases, which penalties on the gradient at each sample require.
    """

    def __init__(
        self,
        spec: Spec,
        width: PositiveInt = 64,
        layers: Annotated[int, Field(ge=1, le=MOST)] = 3,
        norm: Literal["batch", "instance", "none"] = "batch",
    ):
        normalise = None if norm == "none" else partial(_norm, norm)
        super().__init__("pix2pix", spec, width, layers, normalise, bias=norm == "none")

    def layer_features(self, x: Tensor, y: Tensor | None = None) -> list[Tensor]:
        maps = []
        for layer in self.layers:
            x = layer(x)
            if isinstance(layer, nn.LeakyReLU):
                maps.append(x)  # (N, width, H/2, W/2), (N, 2*width, H/4, W/4), ...
        return maps


def _norm(norm: Norm, channels: int) -> nn.Module:
    return nn.BatchNorm2d(channels) if norm == "batch" else nn.InstanceNorm2d(channels, affine=True)


def initialise(module: nn.Module) -> None:
    """Draw weights from N(0, 0.02), those of norms from N(1, 0.02), and set biases to zero."""
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, (nn.BatchNorm2d, nn.InstanceNorm2d)) and module.affine:
        nn.init.normal_(module.weight, 1.0, 0.02)
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)) and module.bias is not None:
        nn.init.zeros_(module.bias)
