"""The DCGAN of P. Thaper's slides on MNIST: ELU, dropout everywhere and at all times, three optimizers.

It descends from Radford et al. 2016 (arXiv:1511.06434) and keeps its strided convolutions; it has hidden fully
connected layers, ELU (arXiv:1511.07289) instead of ReLU, and dropout instead of batch norm. There 0 means real and 1
fake. Here, where large logits mean real, the same losses are softplus(-D(x)), softplus(D(G(z))) and softplus(-D(G(z))).

The default settings repair two faults of the slides and their code. There dropout is also applied to the logit: a
quarter of all logits is zero, and no cross-entropy falls below 0.25 ln 2 = 0.1733 however good the discriminator is.
And dropout is never switched off: the same z gives a different picture each time.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Annotated

import torch
from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt
from torch import Tensor, nn
from torch.nn.functional import dropout, softplus

from ganzoo import Batch, Blueprint, Discriminator, Generator, Move, Spec, TwoPlayerProcedure
from ganzoo_builtins.gans.requirements import need_multiple

Share = Annotated[float, Field(ge=0, lt=1)]


class Dropout(nn.Module):
    """Dropout of units with probability p; with `always`, also when the network is not training."""

    def __init__(self, p: float, always: bool):
        super().__init__()
        self.p = p
        self.always = always

    def forward(self, x: Tensor) -> Tensor:
        return dropout(x, self.p, self.training or self.always)


class DCGANEluGenerator(Generator):
    """z -> x: two fully connected layers, then two transposed 5x5 convolutions that double the side, and a sigmoid.

    z is normal around z_mean. The side must be divisible by 4.

    Args:
        spec: Shape, kind and classes of the samples.
        z_dim: Width of the noise.
        width: Channels before the last layer; 32 makes layers of 1,024 and, at 28x28, 7 * 7 * 64 = 3,136 units.
        dropout: Probability of dropping a unit after every layer but the last.
        always: Drop units also outside training, as printed.
        z_mean: Mean of z: 0 in the text of the slides; their code has -1, probably meant as a lower bound.
        std: Standard deviation of the first weights. With 0.02, as printed, the first samples depend little on z, and
            differ only after thousands of steps; narrow networks need more.
    """

    def __init__(
        self,
        spec: Spec,
        z_dim: PositiveInt = 128,
        width: PositiveInt = 32,
        dropout: Share = 0.25,
        always: bool = False,
        z_mean: float = 0.0,
        std: PositiveFloat = 0.02,
    ):
        super().__init__()
        channels, size = need_multiple("generator dcgan_elu", spec, 4, suggested=28)
        start = size // 4
        self.z_dim = z_dim
        self.z_mean = z_mean

        def after() -> list[nn.Module]:
            return [nn.ELU(), Dropout(dropout, always)]

        self.layers = nn.Sequential(
            *(nn.Linear(z_dim, 32 * width), *after()),
            *(nn.Linear(32 * width, 2 * width * start**2), *after()),
            nn.Unflatten(1, (2 * width, start, start)),
            *(_up(2 * width, width), *after()),
            *(_up(width, channels), nn.Sigmoid()),
        )
        self.apply(partial(_initialise, std=std))

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        x = self.layers(z)  # (N, z_dim) -> (N, 2*width, H/4, W/4) -> (N, width, H/2, W/2) -> (N, C, H, W) in [0, 1]
        return 2 * x - 1  # in [-1, 1], as all images here

    def prior(self, n: int) -> Tensor:
        return self.z_mean + super().prior(n)


class DCGANEluDiscriminator(Discriminator):
    """x -> logit: two 5x5 convolutions of stride 2, then fully connected layers. The side must be divisible by 4.

    Args:
        spec: Shape, kind and classes of the samples.
        width: Channels of the first layer; 32 makes 64 in the second, then 1,024 and 128 units.
        dropout: Probability of dropping a unit after every layer.
        always: Drop units also when the network is not training, as printed.
        drop_logit: Drop logits with the same probability, as printed.
        std: Standard deviation of the first weights, as in the generator.
    """

    def __init__(
        self,
        spec: Spec,
        width: PositiveInt = 32,
        dropout: Share = 0.25,
        always: bool = False,
        drop_logit: bool = False,
        std: PositiveFloat = 0.02,
    ):
        super().__init__()
        channels, size = need_multiple("discriminator dcgan_elu", spec, 4, suggested=28)
        start = size // 4

        def after() -> list[nn.Module]:
            return [nn.ELU(), Dropout(dropout, always)]

        self.layers = nn.Sequential(
            *(nn.Conv2d(channels, width, 5, stride=2, padding=2), *after()),
            *(nn.Conv2d(width, 2 * width, 5, stride=2, padding=2), *after()),
            nn.Flatten(),
            *(nn.Linear(2 * width * start**2, 32 * width), *after()),
            *(nn.Linear(32 * width, 4 * width), *after()),
        )
        self.head = nn.Linear(4 * width, 1)
        self.last = Dropout(dropout if drop_logit else 0.0, always)
        self.apply(partial(_initialise, std=std))

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        pixels = (x + 1) / 2  # (N, C, H, W) in [0, 1]
        return self.layers(pixels)  # -> (N, width, H/2, W/2) -> (N, 2*width, H/4, W/4) -> (N, 4*width)

    def logits(self, features: Tensor, y: Tensor | None = None) -> Tensor:
        return self.last(self.head(features)).squeeze(1)  # (N, 4*width) -> (N, 1) -> (N,)


class SplitDiscriminator(TwoPlayerProcedure):
    """Three optimizers: the discriminator has one for its term on real samples and another for its term on fakes.

    Both train all of its weights, each with moments of its own, and all players move at the same time. Each step shows
    the discriminator one batch of fakes. Penalties of regularizers are minimised with the term on real samples.

    Args:
        spec: Shape, kind and classes of the samples.
        generator: Blueprint of the generator.
        discriminator: Blueprint of the discriminator.
        regularizer: Blueprints of the regularizers.
        d_pretrain: Number of steps at the beginning in which the discriminator moves alone; 10,000 in the slides.

    Raises:
        IncompatibleError: A network is conditional.
    """

    takes_labels = False

    def __init__(
        self,
        spec: Spec,
        generator: Blueprint,
        discriminator: Blueprint,
        regularizer: list[Blueprint] | None = None,
        d_pretrain: NonNegativeInt = 0,
    ):
        super().__init__(spec, generator, discriminator, regularizer=regularizer)
        self.d_pretrain = d_pretrain

    def players(self) -> dict[str, list[nn.Module]]:
        return {"discriminator_real": [self.D], "discriminator_fake": [self.D], "generator": [self.G]}

    def step(self, data: Iterator[Batch], t: int) -> Iterator[Move]:
        batch = next(data)
        alone = t < self.d_pretrain
        with torch.set_grad_enabled(not alone):
            fakes = self.fakes(batch)
        real, fake = self.D(batch["x"]), self.D(fakes.x)  # (N,), (N,)
        self.log(real=real, fake=fake)
        comparison = self.comparison(batch, fakes, t, (real, fake))
        without_graph = replace(comparison, fake=fakes.x.detach())
        own = {"cross_entropy": softplus(-real).mean()}  # -log D(x)
        move: dict[str, Mapping[str, Tensor]] = {
            "discriminator_real": self.regularizers.terms(without_graph, own),
            "discriminator_fake": {"cross_entropy": softplus(fake).mean()},  # -log(1 - D(G(z)))
        }
        if not alone:
            own = {"cross_entropy": softplus(-fake).mean()}  # -log D(G(z))
            move["generator"] = self.regularizers.generator_terms(comparison, own)
        yield move
        self.project()


def _up(n_in: int, n_out: int) -> nn.Module:
    """Return a layer that doubles the side."""
    return nn.ConvTranspose2d(n_in, n_out, 5, stride=2, padding=2, output_padding=1)


def _initialise(module: nn.Module, std: float) -> None:
    """Draw weights, and biases of deviation 0.01, from normal distributions cut off at two deviations."""
    if isinstance(module, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
        nn.init.trunc_normal_(module.weight, std=std, a=-2 * std, b=2 * std)
        assert module.bias is not None
        nn.init.trunc_normal_(module.bias, std=0.01, a=-0.02, b=0.02)
