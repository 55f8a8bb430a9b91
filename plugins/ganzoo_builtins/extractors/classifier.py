"""Small classifiers of images or points, in two architectures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Literal

import torch
from torch import Tensor, nn

from ganzoo import Spec

Architecture = Literal["strided", "residual"]
ARCHITECTURES: tuple[Architecture, ...] = ("strided", "residual")

WIDTH = 128  # features
SMALLEST = 8  # pixels; the shortest side of images that can be classified
LAST = 4  # pixels; a side of this length is not halved
MOST_CHANNELS = 64
SLOPE = 0.1  # of the leaky ReLU
CHUNK = 500  # samples passed through the network at a time


class Classifier(nn.Module):
    """A classifier whose last hidden layer has 128 units, the features.

    Images: "strided" has convolutions of stride 2 with 16, 32 and 64 channels, until the side is 4 or less. "residual"
    has a convolution over patches of 4x4 that do not overlap, a residual block at that resolution, and a convolution of
    stride 2. The strides are for 28x28; the first one is larger for larger images, which then cost about as much. Both
    have batch normalization, and neither pooling nor dropout, which would make them forgive noise. Points: "strided"
    has two hidden layers, "residual" three, with a skip connection over the second.

    Args:
        spec: Shape and number of classes of the samples.
        architecture: The architecture.
    """

    def __init__(self, spec: Spec, architecture: Architecture = "strided"):
        super().__init__()
        table: Mapping[Architecture, Callable[[Spec], Iterator[nn.Module]]]
        if spec.is_image:
            table = {"strided": _strided, "residual": _residual}
        else:
            table = {"strided": _dense, "residual": _dense_residual}
        self.body = nn.Sequential(*table[architecture](spec))
        self.head = nn.Linear(WIDTH, spec.classes)

    def features(self, x: Tensor) -> Tensor:
        """Return the features of samples, (N, *shape) -> (N, 128)."""
        return self.body(x)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits of samples, (N, *shape) -> (N, classes)."""
        return self.head(self.features(x))

    @torch.no_grad()
    def rescale(self, factor: float) -> None:
        """Multiply all features by a positive factor, and leave the logits as they are.

        Args:
            factor: The factor.
        """
        last = self.body[-2]
        assert isinstance(last, nn.Linear), "a leaky ReLU of a linear layer, which the factor passes through"
        last.weight.mul_(factor)
        last.bias.mul_(factor)
        self.head.weight.div_(factor)


class Residual(nn.Module):
    """The sum of the input and a branch of it.

    Args:
        *branch: The layers of the branch, in order.
    """

    def __init__(self, *branch: nn.Module):
        super().__init__()
        self.branch = nn.Sequential(*branch)

    def forward(self, x: Tensor) -> Tensor:
        """Return x plus the branch of x, both of one shape."""
        return x + self.branch(x)


def _strided(spec: Spec) -> Iterator[nn.Module]:
    channels, height, width = spec.shape
    out, stride = 16, _stride(spec, 16)
    stages = 0
    while stages < 2 or max(height, width) > LAST:
        kernel = 2 * stride + 1 if stages == 0 else 3
        yield nn.Conv2d(channels, out, kernel, stride, kernel // 2, bias=False)  # (N, out, H / stride, W / stride)
        yield from (nn.BatchNorm2d(out), nn.LeakyReLU(SLOPE))
        height, width = -(-height // stride), -(-width // stride)  # rounded up
        channels, out, stride = out, min(2 * out, MOST_CHANNELS), 2
        stages += 1
    yield nn.Flatten()
    yield from _last(channels * height * width)


def _residual(spec: Spec) -> Iterator[nn.Module]:
    channels, height, width = spec.shape
    out, stride = 32, _stride(spec, 8)
    yield nn.Conv2d(channels, out, stride, stride, padding=stride // 2)
    height, width = height // stride + 1, width // stride + 1  # with a patch that begins in the padding
    yield Residual(
        nn.BatchNorm2d(out),
        nn.LeakyReLU(SLOPE),
        nn.Conv2d(out, out, 3, padding=1, bias=False),
        nn.BatchNorm2d(out),
        nn.LeakyReLU(SLOPE),
        nn.Conv2d(out, out, 3, padding=1),
    )
    while max(height, width) > LAST:
        yield from (nn.BatchNorm2d(out), nn.LeakyReLU(SLOPE), nn.Conv2d(out, MOST_CHANNELS, 3, 2, 1))
        out, height, width = MOST_CHANNELS, -(-height // 2), -(-width // 2)
    yield from (nn.BatchNorm2d(out), nn.LeakyReLU(SLOPE), nn.Flatten())
    yield from _last(out * height * width)


def _stride(spec: Spec, side: int) -> int:
    """Return the stride, a power of two, that brings the longest side down to about `side` pixels."""
    stride = 2
    while max(spec.shape[1:]) > stride * side:
        stride *= 2
    return stride


def _dense(spec: Spec) -> Iterator[nn.Module]:
    yield from _last(spec.size)
    yield from _last(WIDTH)


def _dense_residual(spec: Spec) -> Iterator[nn.Module]:
    yield from _last(spec.size)
    yield Residual(*_last(WIDTH))
    yield from _last(WIDTH)


def _last(width: int) -> tuple[nn.Module, nn.Module]:
    return nn.Linear(width, WIDTH), nn.LeakyReLU(SLOPE)


def apply_in_chunks(function: Callable[[Tensor], Tensor], x: Tensor, chunk: int = CHUNK) -> Tensor:
    """Apply a function to a part of the samples at a time, without gradients.

    Args:
        function: Maps samples (n, *shape) to outputs (n, width).
        x: Samples (N, *shape).
        chunk: Number of samples in each part.

    Returns:
        The outputs (N, width).
    """
    with torch.no_grad():
        return torch.cat([function(part) for part in x.split(chunk)])
