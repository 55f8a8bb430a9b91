"""The setting `condition`: how convolutional networks take labels. It means the same in every family that has it.

| condition | generator | discriminator |
| --- | --- | --- |
| none | no labels | no labels |
| concat | a learned vector beside z | a learned map beside the channels of x |
| batch_norm | a learned vector beside z, and batch norm with a gain and a bias of each class | |
| projection | | the logit plus the inner product of a class vector and the features (arXiv:1802.05637) |
"""

from __future__ import annotations

from typing import Literal

from torch import nn

from ganzoo import ConcatEmbedding, ConcatPlane, ConditionalBatchNorm2d, ProjectionHead, Spec
from ganzoo_builtins.gans.requirements import need_labels

GeneratorCondition = Literal["none", "concat", "batch_norm"]
DiscriminatorCondition = Literal["none", "concat", "projection"]


class GeneratorLabels:
    """The layers by which a generator takes labels. The vector beside z is as wide as there are classes.

    Args:
        network: Kind and name of the network, for messages.
        spec: Shape, kind and classes of the samples.
        condition: How it takes them.

    Attributes:
        conditional: Whether there are any.
        width: Width of the vector beside z; 0 without labels.
    """

    def __init__(self, network: str, spec: Spec, condition: GeneratorCondition):
        self.conditional = condition != "none"
        if self.conditional:
            need_labels(network, spec)
        self.width = spec.classes if self.conditional else 0
        self._of_each_class = condition == "batch_norm"

    def embed(self) -> list[nn.Module]:
        """Return the layer that puts the vector beside z, (N, z_dim) -> (N, z_dim + width), if there is one."""
        return [ConcatEmbedding(self.width, self.width)] if self.conditional else []

    def norm(self, channels: int, eps: float = 1e-5) -> nn.Module:
        """Return a batch norm of so many channels."""
        if self._of_each_class:
            return ConditionalBatchNorm2d(channels, self.width, eps)
        return nn.BatchNorm2d(channels, eps)


class DiscriminatorLabels:
    """The layers by which a discriminator takes labels.

    Args:
        network: Kind and name of the network, for messages.
        spec: Shape, kind and classes of the samples.
        condition: How it takes them.

    Attributes:
        conditional: Whether there are any.
        channels: Channels beside those of x: 1 for a map, otherwise 0.
    """

    def __init__(self, network: str, spec: Spec, condition: DiscriminatorCondition):
        self.conditional = condition != "none"
        if self.conditional:
            need_labels(network, spec)
        self.channels = int(condition == "concat")
        self._projection = condition == "projection"
        self._spec = spec

    def embed(self) -> list[nn.Module]:
        """Return the layer that puts the map beside x, (N, C, H, W) -> (N, C + channels, H, W), if there is one."""
        _, height, width = self._spec.shape
        return [ConcatPlane(self._spec.classes, height, width)] if self.channels else []

    def head(self, features: int, bias: bool = True) -> nn.Module:
        """Return the last layer, (N, features) -> (N, 1)."""
        if self._projection:
            return ProjectionHead(features, self._spec.classes, bias)
        return nn.Linear(features, 1, bias)
