"""The networks of StyleGAN2, Karras et al. 2020 (arXiv:1912.04958), by the formulas of the paper, in plain PyTorch.

The generator maps z to a style w, which scales the channels that enter each convolution; what a convolution returns is
divided by the deviation that it then has (section 2.2). Images of all resolutions are added up (figure 7b), and the
discriminator is residual (figure 7c). Every weight is stored at the scale of 1 and multiplied by what its layer needs,
so that Adam moves all layers at one relative speed. Pixels are linear, and clipped to [-1, 1] in evaluation mode; with
output = "tanh" they end in a tanh.

The innermost map is 3x3 to 7x7, 4x4 in the paper, and the image a power of two larger: 28 = 7 * 4, 32 = 4 * 8. The loss
is `non_saturating`, with `r1` every 16 steps, and the regularizer `path_length` every 4.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Annotated, Literal

import torch
from pydantic import Field, NonNegativeInt, PositiveInt
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d, leaky_relu, linear

from ganzoo import Discriminator, Generator, IncompatibleError, Spec
from ganzoo_builtins.gans.pixels import Output, end_pixels
from ganzoo_builtins.gans.requirements import halved, need_labels, need_square_image
from ganzoo_builtins.layers.minibatch_deviation import MinibatchDeviation
from ganzoo_builtins.layers.resampling import Blur, Down, Up

AVERAGE = 0.995  # decay of the mean style


def activate(x: Tensor) -> Tensor:
    """Return LeakyReLU 0.2 of x, with a gain that keeps the scale."""
    return math.sqrt(2) * leaky_relu(x, 0.2)


def normalise(x: Tensor) -> Tensor:
    """Return vectors of unit root mean square: (N, F) -> (N, F)."""
    return x * (x.square().mean(1, keepdim=True) + 1e-8).rsqrt()


class EqualizedLinear(nn.Module):
    """A linear layer with weights of scale 1, which are divided by the root of their number of inputs.

    Args:
        n_in: Width of the input.
        n_out: Width of the output.
        bias: Initial bias.
        speed: Learning rate relative to that of other layers.
    """

    def __init__(self, n_in: int, n_out: int, bias: float = 0.0, speed: float = 1.0):
        super().__init__()
        self.speed = speed
        self.weight = nn.Parameter(torch.empty(n_out, n_in))
        self.bias = nn.Parameter(torch.full((n_out,), bias / speed))
        nn.init.normal_(self.weight, std=1 / speed)

    def forward(self, x: Tensor) -> Tensor:
        return linear(x, self.speed / math.sqrt(self.weight.shape[1]) * self.weight, self.speed * self.bias)


class EqualizedConv2d(nn.Module):
    """A convolution with weights of scale 1, which keeps the side, or halves it after a filter.

    Args:
        n_in: Channels of the input.
        n_out: Channels of the output.
        kernel: Side of the kernel, 1 or 3.
        halve: Halve the side.
        bias: Have a bias.
    """

    def __init__(self, n_in: int, n_out: int, kernel: int, halve: bool = False, bias: bool = True):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(n_out, n_in, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(n_out)) if bias else None
        self.smooth = nn.Identity() if not halve else Blur(pad=2) if kernel == 3 else Down()
        self.stride = 2 if halve and kernel == 3 else 1
        self.padding = kernel // 2 if self.stride == 1 else 0
        nn.init.normal_(self.weight)

    def forward(self, x: Tensor) -> Tensor:
        weight = self.weight / math.sqrt(self.weight[0].numel())
        return conv2d(self.smooth(x), weight, self.bias, self.stride, self.padding)


class ModulatedConv2d(nn.Module):
    """A convolution of which each input channel is scaled by the style (section 2.2, equations 1 and 3).

    Inputs are scaled in place of weights, which is the same. Demodulated outputs are divided by the deviation that they
    would have for inputs of deviation 1.

    Args:
        n_in: Channels of the input.
        n_out: Channels of the output.
        kernel: Side of the kernel, 1 or 3.
        w_dim: Width of w.
        double: Double the side, by a transposed convolution and a filter.
        demodulate: Divide the outputs by their deviation.
    """

    def __init__(self, n_in: int, n_out: int, kernel: int, w_dim: int, double: bool = False, demodulate: bool = True):
        super().__init__()
        self.style = EqualizedLinear(w_dim, n_in, bias=1.0)  # the paper's A
        self.weight = nn.Parameter(torch.empty(n_out, n_in, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(n_out))
        self.smooth = Blur(pad=1, gain=4.0) if double else None
        self.demodulate = demodulate
        nn.init.normal_(self.weight)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """Convolve without adding the bias: (N, n_in, H, W), (N, w_dim) -> (N, n_out, H, W) or twice the side."""
        weight = self.weight / math.sqrt(self.weight[0].numel())
        style = self.style(w)  # (N, w_dim) -> (N, n_in)
        x = x * style[:, :, None, None]
        if self.smooth is not None:
            x = self.smooth(conv_transpose2d(x, weight.transpose(0, 1), stride=2))  # H -> 2H + 1 -> 2H
        else:
            x = conv2d(x, weight, padding=weight.shape[2] // 2)
        if self.demodulate:
            variance = style.square() @ weight.square().sum((2, 3)).T  # (N, n_in) @ (n_in, n_out)
            x = x * (variance + 1e-8).rsqrt()[:, :, None, None]
        return x


class StyledLayer(nn.Module):
    """A modulated 3x3 convolution, noise of a learned strength, which starts at 0, bias and activation.

    Args:
        n_in: Channels of the input.
        n_out: Channels of the output.
        w_dim: Width of w.
        double: Double the side.
    """

    def __init__(self, n_in: int, n_out: int, w_dim: int, double: bool = False):
        super().__init__()
        self.convolution = ModulatedConv2d(n_in, n_out, 3, w_dim, double)
        self.strength = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        x = self.convolution(x, w)  # (N, n_in, H, W) -> (N, n_out, H, W)
        noise = torch.randn_like(x[:, :1])  # (N, 1, H, W)
        return activate(x + self.strength * noise + self.convolution.bias[:, None, None])


class ToPixels(nn.Module):
    """A modulated 1x1 convolution without demodulation: (N, width, H, W), (N, w_dim) -> (N, C, H, W)."""

    def __init__(self, width: int, channels: int, w_dim: int):
        super().__init__()
        self.convolution = ModulatedConv2d(width, channels, 1, w_dim, demodulate=False)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        return self.convolution(x, w) + self.convolution.bias[:, None, None]


class Mapping(nn.Module):
    """z, and a vector of the label, to w: (N, z_dim) -> (N, w_dim), by layers that learn at a hundredth of the speed.

    Args:
        z_dim: Width of z.
        w_dim: Width of w.
        layers: Number of layers.
        classes: Number of classes, 0 for no labels.
    """

    def __init__(self, z_dim: int, w_dim: int, layers: int, classes: int = 0):
        super().__init__()
        self.embedding = nn.Embedding(classes, z_dim) if classes else None
        widths = [2 * z_dim if classes else z_dim, *[w_dim] * layers]
        self.layers = nn.ModuleList(EqualizedLinear(*pair, speed=0.01) for pair in pairwise(widths))

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        w = normalise(z)
        if self.embedding is not None:
            w = torch.cat([w, normalise(self.embedding(y))], dim=1)  # (N, 2 z_dim)
        for layer in self.layers:
            w = activate(layer(w))
        return w


class StyleGAN2Generator(Generator):
    """z -> w -> x. z is standard normal.

    Args:
        spec: Shape, kind and classes of the samples.
        z_dim: Width of z and of w, 512 in the paper.
        width: Largest number of channels, 512 in the paper.
        area: Channels times side, where that is less: 32,768 in the paper, 64 channels of 512x512.
        mapping: Layers from z to w, 8 in the paper.
        mixing: Probability with which a sample in training has the style of a second z from a random layer on, 0.9 in
            the paper.
        truncation: Factor of the distance of w from its mean in evaluation mode: less than 1 gives more typical and
            less varied samples.
        condition: How it takes labels: not ("none"), or as a vector beside z ("concat").
        output: How pixels end: "linear", as in the paper, or in a "tanh", which makes a background of exactly -1 or 1,
            as that of digits, easy to draw.
    """

    mean_style: Tensor

    def __init__(
        self,
        spec: Spec,
        z_dim: PositiveInt = 512,
        width: PositiveInt = 512,
        area: PositiveInt = 32_768,
        mapping: PositiveInt = 8,
        mixing: Annotated[float, Field(ge=0, le=1)] = 0.9,
        truncation: Annotated[float, Field(ge=0)] = 1.0,
        condition: Literal["none", "concat"] = "none",
        output: Output = "linear",
    ):
        super().__init__()
        self.conditional = condition != "none"
        if self.conditional:
            need_labels("generator stylegan2", spec)
        channels, side, widths = _stages("generator stylegan2", spec, width, area)
        self.z_dim = z_dim
        self.output = output
        self.mixing = mixing
        self.truncation = truncation
        self.mapping = Mapping(z_dim, z_dim, mapping, spec.classes if self.conditional else 0)
        self.constant = nn.Parameter(torch.empty(widths[0], side, side))
        layers = [StyledLayer(widths[0], widths[0], z_dim)]
        for n_in, n_out in pairwise(widths):
            layers += [StyledLayer(n_in, n_out, z_dim, double=True), StyledLayer(n_out, n_out, z_dim)]
        self.layers = nn.ModuleList(layers)
        self.pixels = nn.ModuleList(ToPixels(n, channels, z_dim) for n in widths)
        self.up = Up()
        self.styles = len(self.layers) + 1  # the last one is of the last pixels
        self.register_buffer("mean_style", torch.zeros(z_dim))
        nn.init.normal_(self.constant)

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        x = self.synthesis(self.styles_of(z, y))  # (N, z_dim) -> (N, styles, z_dim) -> (N, C, H, W)
        return end_pixels(x, self.output, self.training)

    @contextmanager
    def truncated(self, truncation: float) -> Iterator[None]:
        """Move w towards its mean inside the block, by `truncation` in place of the setting: z is not truncated."""
        setting = self.truncation
        self.truncation = truncation
        try:
            yield
        finally:
            self.truncation = setting

    def styles_of(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        """Return the style of each layer, (N, z_dim) -> (N, styles, z_dim): mixed in training, truncated otherwise."""
        w = self.mapping(z, y)  # (N, z_dim)
        if not self.training:
            w = torch.lerp(self.mean_style.to(w.dtype), w, self.truncation)
            return w[:, None].expand(-1, self.styles, -1)
        with torch.no_grad():
            self.mean_style.lerp_(w.mean(0).to(self.mean_style.dtype), 1 - AVERAGE)
        if not self.mixing:
            return w[:, None].expand(-1, self.styles, -1)
        other = self.mapping(torch.randn_like(z), y)
        cut = torch.randint(1, self.styles, (len(z), 1), device=z.device)  # the first layer of the second style
        mixed = torch.rand(len(z), 1, device=z.device) < self.mixing
        second = mixed & (torch.arange(self.styles, device=z.device) >= cut)  # (N, styles)
        return torch.where(second[:, :, None], other[:, None], w[:, None])

    def synthesis(self, styles: Tensor) -> Tensor:
        """Return images of the styles of all layers: (N, styles, z_dim) -> (N, C, H, W)."""
        x = self.constant.expand(len(styles), -1, -1, -1)  # (N, width, 4, 4)
        image = torch.zeros((), device=x.device)
        for k, layer in enumerate(self.layers):
            x = layer(x, styles[:, k])
            if k % 2 == 0:  # the last layer of a resolution
                image = (self.up(image) if k else image) + self.pixels[k // 2](x, styles[:, k + 1])
        return image


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions, the second of which halves the side, beside a 1x1 one: (main + skip) / sqrt(2)."""

    def __init__(self, n_in: int, n_out: int):
        super().__init__()
        self.first = EqualizedConv2d(n_in, n_in, 3)
        self.second = EqualizedConv2d(n_in, n_out, 3, halve=True)
        self.skip = EqualizedConv2d(n_in, n_out, 1, halve=True, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        main = activate(self.second(activate(self.first(x))))  # (N, n_in, H, W) -> (N, n_out, H/2, W/2)
        return (main + self.skip(x)) / math.sqrt(2)


class StyleGAN2Discriminator(Discriminator):
    """x -> logit by residual blocks that halve the side, and the deviation of the minibatch as one more map.

    Args:
        spec: Shape, kind and classes of the samples.
        width: Largest number of channels, 512 in the paper.
        area: Channels times side, where that is less: 32,768 in the paper.
        group: Samples whose deviation is a feature of each of them, 4 in the paper; 0 leaves it out, which keeps
            samples apart.
        condition: How it takes labels: not ("none"), or by the inner product of the features with a vector of the
            class ("projection"), as in arXiv:2006.06676.
    """

    def __init__(
        self,
        spec: Spec,
        width: PositiveInt = 512,
        area: PositiveInt = 32_768,
        group: NonNegativeInt = 4,
        condition: Literal["none", "projection"] = "none",
    ):
        super().__init__()
        self.conditional = condition != "none"
        if self.conditional:
            need_labels("discriminator stylegan2", spec)
        channels, side, widths = _stages("discriminator stylegan2", spec, width, area)
        innermost = widths[0]
        self.from_pixels = EqualizedConv2d(channels, widths[-1], 1)
        self.blocks = nn.Sequential(*(ResidualBlock(*pair) for pair in pairwise(reversed(widths))))
        self.deviation = MinibatchDeviation(group) if group else nn.Identity()
        self.last = EqualizedConv2d(innermost + (group > 0), innermost, 3)
        self.hidden = EqualizedLinear(innermost * side**2, innermost)
        self.head = EqualizedLinear(innermost, innermost if self.conditional else 1)
        self.class_vectors = nn.Embedding(spec.classes, innermost) if self.conditional else None

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        x = self.blocks(activate(self.from_pixels(x)))  # (N, C, H, W) -> (N, n, H, W) -> ... -> (N, width, 4, 4)
        x = activate(self.last(self.deviation(x)))  # -> (N, width + 1, 4, 4) -> (N, width, 4, 4)
        return activate(self.hidden(x.flatten(1)))  # -> (N, 16 width) -> (N, width)

    def logits(self, features: Tensor, y: Tensor | None = None) -> Tensor:
        judged = self.head(features)  # (N, width) -> (N, 1), or (N, width) for an inner product
        if self.class_vectors is None:
            return judged.squeeze(1)
        return (judged * normalise(self.class_vectors(y))).sum(1) / math.sqrt(judged.shape[1])


def _stages(network: str, spec: Spec, width: int, area: int) -> tuple[int, int, list[int]]:
    """Return the channels of the image, the side of the innermost map, and widths of all maps, the innermost first."""
    channels, size = need_square_image(network, spec)
    side, doublings = halved(size, 4)
    if side not in range(3, 8) or not doublings:
        raise IncompatibleError(
            f"{network} needs images whose side is 3 to 7 times a power of two, such as 28, 32 or 64, not {size}: add "
            "dataset.size=64."
        )
    return channels, side, [max(1, min(width, area // (side * 2**k))) for k in range(doublings + 1)]
