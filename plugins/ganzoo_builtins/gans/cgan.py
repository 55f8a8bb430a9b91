"""The conditional GAN of Mirza and Osindero 2014 (arXiv:1411.1784), in the layers of PyTorch-GAN's `cgan`.

Both players see the label: each has its own embedding of it, as wide as there are classes, concatenated with z or x.
The paper's own networks differ (one-hot labels through a layer of their own, ReLU and maxout).
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated

import torch
from pydantic import Field, PositiveFloat, PositiveInt
from torch import Tensor, nn

from ganzoo import Discriminator, Generator, Spec
from ganzoo_builtins.gans.requirements import need_labels, need_numbers


class CGANGenerator(Generator):
    """(z, y) -> x through widening layers with LeakyReLU 0.2; batch norm in all of them but the first.

    Images end in a tanh, points do not. z is standard normal.

    Args:
        spec: Shape, kind and classes of the samples.
        z_dim: Width of the noise.
        hidden: Widths of the hidden layers.
        bn_eps: Epsilon of batch norm: 0.8 as PyTorch-GAN runs it, 1e-5 repaired; see the generator `mlp`.
    """

    conditional = True

    def __init__(
        self,
        spec: Spec,
        z_dim: PositiveInt = 100,
        hidden: Sequence[PositiveInt] = (128, 256, 512, 1024),
        bn_eps: PositiveFloat = 0.8,
    ):
        super().__init__()
        need_numbers("generator cgan", spec)
        need_labels("generator cgan", spec)
        self.z_dim = z_dim
        self.shape = spec.shape
        self.embedding = nn.Embedding(spec.classes, spec.classes)
        widths = [spec.classes + z_dim, *hidden]
        layers: list[nn.Module] = []
        for i, (n_in, n_out) in enumerate(pairwise(widths)):
            layers.append(nn.Linear(n_in, n_out))
            if i > 0:
                layers.append(nn.BatchNorm1d(n_out, eps=bn_eps))
            layers.append(nn.LeakyReLU(0.2))
        layers.append(nn.Linear(widths[-1], spec.size))
        if spec.is_image:
            layers.append(nn.Tanh())
        self.layers = nn.Sequential(*layers)

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        assert y is not None, "the generator cgan needs labels"
        zy = torch.cat([self.embedding(y), z], dim=1)  # (N, classes + z_dim)
        return self.layers(zy).unflatten(1, self.shape)  # -> (N, size) -> (N, *shape)


class CGANDiscriminator(Discriminator):
    """(x, y) -> logit through layers of equal width with LeakyReLU 0.2; dropout in all of them but the first.

    Args:
        spec: Shape, kind and classes of the samples.
        hidden: Widths of the hidden layers.
        dropout: Probability of dropping a unit.
    """

    conditional = True

    def __init__(
        self,
        spec: Spec,
        hidden: Sequence[PositiveInt] = (512, 512, 512),
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.4,
    ):
        super().__init__()
        need_numbers("discriminator cgan", spec)
        need_labels("discriminator cgan", spec)
        self.embedding = nn.Embedding(spec.classes, spec.classes)
        widths = [spec.size + spec.classes, *hidden]
        layers: list[nn.Module] = []
        for i, (n_in, n_out) in enumerate(pairwise(widths)):
            layers.append(nn.Linear(n_in, n_out))
            if i > 0:
                layers.append(nn.Dropout(dropout))
            layers.append(nn.LeakyReLU(0.2))
        self.layers = nn.Sequential(*layers)
        self.head = nn.Linear(widths[-1], 1)

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        assert y is not None, "the discriminator cgan needs labels"
        xy = torch.cat([x.flatten(1), self.embedding(y)], dim=1)  # (N, *shape) -> (N, size + classes)
        return self.layers(xy)  # -> (N, hidden[-1])

    def logits(self, features: Tensor, y: Tensor | None = None) -> Tensor:
        return self.head(features).squeeze(1)  # (N, hidden[-1]) -> (N, 1) -> (N,)
