"""EfficientNet-lite0, the network: inverted residual blocks without attention, for photographs of 224x224."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

STEM, HEAD, CLASSES = 32, 1280, 1000
EPSILON = 1e-3  # of batch normalization

PARTS = {  # names in the published file -> names here
    r"_conv_stem\.": "stem.conv.",
    r"_bn0\.": "stem.norm.",
    r"_conv_head\.": "head.conv.",
    r"_bn1\.": "head.norm.",
    r"_fc\.": "classifier.",
    r"_blocks\.(\d+)\._expand_conv\.": r"blocks.\1.expand.conv.",
    r"_blocks\.(\d+)\._bn0\.": r"blocks.\1.expand.norm.",
    r"_blocks\.(\d+)\._depthwise_conv\.": r"blocks.\1.depthwise.conv.",
    r"_blocks\.(\d+)\._bn1\.": r"blocks.\1.depthwise.norm.",
    r"_blocks\.(\d+)\._project_conv\.": r"blocks.\1.project.conv.",
    r"_blocks\.(\d+)\._bn2\.": r"blocks.\1.project.norm.",
}


class Stage(NamedTuple):
    """Blocks of one width.

    Attributes:
        expansion: Width inside a block, relative to that of its input.
        channels: Channels of the output.
        blocks: Number of blocks.
        stride: Stride of the first block.
        kernel: Side of the depthwise kernels.
    """

    expansion: int
    channels: int
    blocks: int
    stride: int
    kernel: int


STAGES = (
    Stage(1, 16, 1, 1, 3),
    Stage(6, 24, 2, 2, 3),
    Stage(6, 40, 2, 2, 5),
    Stage(6, 80, 3, 2, 3),
    Stage(6, 112, 3, 1, 5),
    Stage(6, 192, 4, 2, 5),
    Stage(6, 320, 1, 1, 3),
)


class ConvNorm(nn.Module):
    """A convolution, padded as TensorFlow pads, batch normalization, and a ReLU cut off at 6 unless it is linear.

    Args:
        channels: Channels of the input.
        out: Channels of the output.
        kernel: Side of the kernel.
        stride: Stride.
        groups: Groups of channels; as many as channels for a depthwise convolution.
        linear: Without the ReLU.
    """

    def __init__(self, channels: int, out: int, kernel: int, stride: int = 1, groups: int = 1, linear: bool = False):
        super().__init__()
        self.conv = nn.Conv2d(channels, out, kernel, stride, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(out, eps=EPSILON)
        self.linear = linear

    def forward(self, x: Tensor) -> Tensor:
        """(N, channels, H, W) -> (N, out, H / stride, W / stride), rounded up."""
        (kernel, _), (stride, _) = self.conv.kernel_size, self.conv.stride
        vertical, horizontal = (max(0, (-(-side // stride) - 1) * stride + kernel - side) for side in x.shape[2:])
        left, top = horizontal // 2, vertical // 2  # an odd pixel goes to the right and to the bottom
        x = self.norm(self.conv(F.pad(x, (left, horizontal - left, top, vertical - top))))
        return x if self.linear else F.relu6(x)


class Block(nn.Module):
    """An inverted residual block: wider inside, filtered by channel, and projected without a nonlinearity.

    Args:
        channels: Channels of the input.
        stage: The stage.
        stride: Stride; an input of the output's shape is added.
    """

    def __init__(self, channels: int, stage: Stage, stride: int):
        super().__init__()
        inside = channels * stage.expansion
        self.expand = ConvNorm(channels, inside, 1) if stage.expansion > 1 else nn.Identity()
        self.depthwise = ConvNorm(inside, inside, stage.kernel, stride, groups=inside)
        self.project = ConvNorm(inside, stage.channels, 1, linear=True)
        self.is_residual = stride == 1 and channels == stage.channels

    def forward(self, x: Tensor) -> Tensor:
        """(N, channels, H, W) -> (N, stage.channels, H / stride, W / stride)."""
        y = self.project(self.depthwise(self.expand(x)))
        return x + y if self.is_residual else y


class EfficientNetLite(nn.Module):
    """EfficientNet-lite0: EfficientNet-B0 (Tan and Le 2019, arXiv:1905.11946) without squeeze-and-excitation.

    ReLU6 takes the place of swish, as published with EfficientNet-lite.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = ConvNorm(3, STEM, 3, 2)
        self.blocks = nn.ModuleList()
        channels = STEM
        for stage in STAGES:
            for i in range(stage.blocks):
                self.blocks.append(Block(channels, stage, stage.stride if i == 0 else 1))
                channels = stage.channels
        self.head = ConvNorm(channels, HEAD, 1)
        self.classifier = nn.Linear(HEAD, CLASSES)

    def features(self, x: Tensor) -> Tensor:
        """Return the mean of the last convolution over all places, (N, 3, 224, 224) -> (N, 1280)."""
        x = self.stem(x)  # (N, 32, 112, 112)
        for block in self.blocks:
            x = block(x)  # ... (N, 320, 7, 7)
        return self.head(x).mean((2, 3))

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits of ImageNet's classes, (N, 3, 224, 224) -> (N, 1000)."""
        return self.classifier(self.features(x))


def renamed(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors of the published file under the names that they have here.

    Args:
        weights: Tensors by name.

    Returns:
        The same tensors; names that are not known stay.
    """
    return {_renamed(name): tensor for name, tensor in weights.items() if isinstance(tensor, torch.Tensor)}


def _renamed(name: str) -> str:
    for pattern, here in PARTS.items():
        if re.match(pattern, name):
            return re.sub(pattern, here, name, count=1)
    return name
