"""Layers that take labels beside their input: embeddings, planes, batch norm of each class, and the projection head.

Such a layer has the attribute `conditional = True` and the method forward(x, y) with labels y (N,), int64.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


def apply_layer(layer: nn.Module, x: Tensor, y: Tensor | None = None) -> Tensor:
    """Call a layer, with the labels if it is conditional.

    Args:
        layer: The layer.
        x: Its input.
        y: Labels (N,), which a layer that is not conditional does not see.

    Returns:
        The layer's output.
    """
    output: Tensor = layer(x, y) if getattr(layer, "conditional", False) else layer(x)
    return output


class ConditionalSequential(nn.Sequential):
    """Layers in a row, of which the conditional ones are given the labels.

    It has the state-dict keys of nn.Sequential.
    """

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """Apply the layers in their order.

        Args:
            x: Input of the first layer.
            y: Labels (N,) for the conditional layers.

        Returns:
            Output of the last layer.
        """
        for layer in self:
            x = apply_layer(layer, x, y)
        return x


class ConcatEmbedding(nn.Module):
    """Concatenates a learned vector of the label with the input: (N, F) -> (N, F + width).

    Args:
        classes: Number of classes.
        width: Width of the vector.
    """

    conditional = True

    def __init__(self, classes: int, width: int):
        super().__init__()
        self.embedding = nn.Embedding(classes, width)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Concatenate.

        Args:
            x: Input (N, F).
            y: Labels (N,).

        Returns:
            Input and vector, (N, F + width).
        """
        return torch.cat([x, self.embedding(y)], dim=1)


class ConcatPlane(nn.Module):
    """Concatenates a learned map of the label with the channels: (N, C, H, W) -> (N, C + 1, H, W).

    Args:
        classes: Number of classes.
        height: Height of the map.
        width: Width of the map.
    """

    conditional = True

    def __init__(self, classes: int, height: int, width: int):
        super().__init__()
        self.embedding = nn.Embedding(classes, height * width)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Concatenate.

        Args:
            x: Images or maps (N, C, H, W).
            y: Labels (N,).

        Returns:
            Channels and map, (N, C + 1, H, W).
        """
        plane = self.embedding(y).view(len(x), 1, *x.shape[2:])  # (N, H*W) -> (N, 1, H, W)
        return torch.cat([x, plane], dim=1)


class ConditionalBatchNorm2d(nn.Module):
    """Batch norm with a gain and a bias of each class: (N, C, H, W) -> (N, C, H, W).

    The statistics are those of the whole batch. Gains start at 1 and biases at 0, so that it starts as batch norm.
    Source: de Vries et al. 2017, arXiv:1707.00683; in GANs Miyato and Koyama 2018, arXiv:1802.05637, section 4.

    Args:
        channels: Number of channels.
        classes: Number of classes.
        eps: Added to the variance.
    """

    conditional = True

    def __init__(self, channels: int, classes: int, eps: float = 1e-5):
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, eps=eps, affine=False)
        self.gain = nn.Embedding(classes, channels)
        self.bias = nn.Embedding(classes, channels)
        nn.init.ones_(self.gain.weight)
        nn.init.zeros_(self.bias.weight)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Normalise.

        Args:
            x: Maps (N, C, H, W).
            y: Labels (N,).

        Returns:
            Normalised maps, (N, C, H, W).
        """
        gain = self.gain(y)[:, :, None, None]  # (N, C) -> (N, C, 1, 1)
        bias = self.bias(y)[:, :, None, None]
        return torch.addcmul(bias, self.norm(x), gain)


class ProjectionHead(nn.Module):
    """The logit of a projection discriminator: linear(features) + <v_y, features>, (N, F) -> (N, 1).

    Source: Miyato and Koyama 2018, arXiv:1802.05637, equation 4. Vectors start by Xavier's uniform distribution.

    Args:
        features: Width F of the features.
        classes: Number of classes.
        bias: Whether the linear part has a bias.
    """

    conditional = True

    def __init__(self, features: int, classes: int, bias: bool = True):
        super().__init__()
        self.linear = nn.Linear(features, 1, bias=bias)
        self.class_vectors = nn.Embedding(classes, features)
        nn.init.xavier_uniform_(self.class_vectors.weight)

    def forward(self, features: Tensor, y: Tensor) -> Tensor:
        """Compute the logits.

        Args:
            features: Features (N, F).
            y: Labels (N,).

        Returns:
            Logits (N, 1).
        """
        agreement = (self.class_vectors(y) * features).sum(1, keepdim=True)  # (N, F) -> (N, 1)
        logits: Tensor = self.linear(features) + agreement
        return logits
