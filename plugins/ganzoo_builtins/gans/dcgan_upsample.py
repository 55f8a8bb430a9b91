"""DCGAN by upsampling: nearest neighbour and 3x3 convolutions in place of transposed ones, as in PyTorch-GAN's `dcgan`.

It departs from Radford et al. 2016 (arXiv:1511.06434; see `dcgan`) in more than that: biases, dropout, narrow layers in
the discriminator, and batch norm after the activation there.
"""

from math import ceil
from typing import Annotated, Literal

import torch
from pydantic import Field, PositiveFloat, PositiveInt
from torch import Tensor, nn

from ganzoo import ConditionalSequential, Discriminator, Generator, Spec, apply_layer
from ganzoo_builtins.gans.condition import (
    DiscriminatorCondition,
    DiscriminatorLabels,
    GeneratorCondition,
    GeneratorLabels,
)
from ganzoo_builtins.gans.requirements import need_multiple
from ganzoo_builtins.gans.upsample import UpsampleConv2d


class DCGANUpsampleGenerator(Generator):
    """z -> x: project to a quarter of the image's side, then upsample twice. z is standard normal.

    The side must be divisible by 4.

    Args:
        spec: Shape, kind and classes of the samples.
        z_dim: Width of the noise.
        width: Channels next to the image; twice as many in the layers before.
        activation: "relu" as in the paper's guideline, or "leaky_relu" (0.2) as in PyTorch-GAN's file.
        bn_eps: Epsilon of all batch norms but the first; 0.8 as PyTorch-GAN runs it, 1e-5 repaired; see the generator
            `mlp`.
        condition: How it takes labels: not ("none"), as a vector beside z ("concat"), or as that vector and batch norm
            with a gain and a bias of each class ("batch_norm").
    """

    def __init__(
        self,
        spec: Spec,
        z_dim: PositiveInt = 100,
        width: PositiveInt = 64,
        activation: Literal["relu", "leaky_relu"] = "relu",
        bn_eps: PositiveFloat = 0.8,
        condition: GeneratorCondition = "none",
    ):
        super().__init__()
        labels = GeneratorLabels("generator dcgan_upsample", spec, condition)
        self.conditional = labels.conditional
        channels, size = need_multiple("generator dcgan_upsample", spec, 4)
        self.z_dim = z_dim
        self.embed = ConditionalSequential(*labels.embed())
        self.project = nn.Linear(z_dim + labels.width, 2 * width * (size // 4) ** 2)
        self.unflatten = nn.Unflatten(1, (2 * width, size // 4, size // 4))

        def act() -> nn.Module:
            return nn.ReLU() if activation == "relu" else nn.LeakyReLU(0.2)

        self.layers = ConditionalSequential(
            labels.norm(2 * width),
            UpsampleConv2d(2 * width, 2 * width),
            labels.norm(2 * width, bn_eps),
            act(),
            UpsampleConv2d(2 * width, width),
            labels.norm(width, bn_eps),
            act(),
            nn.Conv2d(width, channels, 3, padding=1),
            nn.Tanh(),
        )
        self.apply(_initialise)

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        x = self.unflatten(self.project(self.embed(z, y)))  # (N, z_dim) -> (N, 2*width, H/4, W/4)
        if x.device.type == "cpu":  # a training step on a CPU is then 5 to 7 % faster
            x = x.contiguous(memory_format=torch.channels_last)
        return self.layers(x, y)  # -> (N, 2*width, H/2, W/2) -> (N, width, H, W) -> (N, C, H, W)


class DCGANUpsampleDiscriminator(Discriminator):
    """x -> logit: four convolutions that halve the side: 32 -> 2, and 28 -> 14 -> 7 -> 4 -> 2. It is divisible by 4.

    Args:
        spec: Shape, kind and classes of the samples.
        width: Channels of the first layer; twice as many in each further one.
        dropout: Probability of dropping a whole channel.
        norm: "none" leaves batch norm out, which penalties on the gradient at each sample require.
        bn_eps: Epsilon of batch norm, as in the generator.
        condition: How it takes labels: not ("none"), as a map beside the channels ("concat"), or by a projection of the
            features ("projection").
    """

    def __init__(
        self,
        spec: Spec,
        width: PositiveInt = 16,
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.25,
        norm: Literal["batch", "none"] = "batch",
        bn_eps: PositiveFloat = 0.8,
        condition: DiscriminatorCondition = "none",
    ):
        super().__init__()
        labels = DiscriminatorLabels("discriminator dcgan_upsample", spec, condition)
        self.conditional = labels.conditional
        channels, size = need_multiple("discriminator dcgan_upsample", spec, 4)
        innermost = ceil(size / 16)

        def block(n_in: int, n_out: int, normalise: bool) -> list[nn.Module]:
            layers = [nn.Conv2d(n_in, n_out, 3, stride=2, padding=1), nn.LeakyReLU(0.2), nn.Dropout2d(dropout)]
            return [*layers, nn.BatchNorm2d(n_out, eps=bn_eps)] if normalise else layers

        self.layers = ConditionalSequential(
            *labels.embed(),
            *block(channels + labels.channels, width, normalise=False),
            *block(width, 2 * width, normalise=norm == "batch"),
            *block(2 * width, 4 * width, normalise=norm == "batch"),
            *block(4 * width, 8 * width, normalise=norm == "batch"),
            nn.Flatten(),
        )
        self.head = labels.head(8 * width * innermost**2)
        self.apply(_initialise)

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return self.layers(x, y)  # (N, C, H, W) -> (N, 8*width, H/16, W/16) -> (N, features)

    def logits(self, features: Tensor, y: Tensor | None = None) -> Tensor:
        return apply_layer(self.head, features, y).squeeze(1)  # (N, features) -> (N, 1) -> (N,)


def _initialise(module: nn.Module) -> None:
    """Draw weights of convolutions from N(0, 0.02) and of batch norms from N(1, 0.02), as in the paper."""
    if isinstance(module, nn.Conv2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d) and module.affine:
        nn.init.normal_(module.weight, 1.0, 0.02)
