"""BEGAN, Berthelot, Schumm and Metz 2017 (arXiv:1703.10717): the errors of an auto-encoder, held in balance.

Departures: one batch of fakes serves both players; the paper's optional skip connections and vanishing residuals are
left out. The layers are those of public re-implementations.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Annotated, Any

import torch
from pydantic import Field, PositiveInt
from torch import Tensor, nn

from ganzoo import Batch, Blueprint, Generator, IncompatibleError, Move, Panel, Spec, TwoPlayerProcedure
from ganzoo_builtins.gans.autoencoder import Autoencoder, Error, reconstruction_panel
from ganzoo_builtins.gans.pixels import end_pixels
from ganzoo_builtins.gans.requirements import halved, need_square_image
from ganzoo_builtins.gans.upsample import UpsampleConv2d

Share = Annotated[float, Field(ge=0, le=1)]


class BEGAN(TwoPlayerProcedure):
    """Boundary equilibrium: L, minus the discriminator's logit, is the error of an auto-encoder (section 3.4).

    Both players move at once:

        discriminator: L(x) - k L(G(z))         generator: L(G(z))
        k <- k + gain (gamma L(x) - L(G(z))), within [0, 1]

    k starts at 0 and weighs the fakes, so that L(G(z)) settles at gamma L(x). The measure of convergence,
    L(x) + |gamma L(x) - L(G(z))|, and k are logged.

    One batch of fakes serves both players, where the paper draws one for each: half of the work, and the same
    gradients on average.

    Args:
        spec: Shape, kind and classes of the samples.
        generator: Blueprint of the generator.
        discriminator: Blueprint of the discriminator: an auto-encoder, such as `began`.
        regularizer: Blueprints of the regularizers, for which -L is the logit.
        gamma: The diversity ratio, 0.3 to 0.7 in the paper; samples are cleaner and less diverse when it is lower.
        gain: The paper's lambda_k, by which k follows the balance.

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
        gamma: Share = 0.5,
        gain: Share = 0.001,
    ):
        super().__init__(spec, generator, discriminator, regularizer=regularizer)
        self.gamma = gamma
        self.gain = gain
        self.register_buffer("k", torch.tensor(0.0))
        self.k: Tensor

    def step(self, data: Iterator[Batch], t: int) -> Iterator[Move]:
        batch = next(data)
        real_logits = self.D(batch["x"])  # (N,)
        fakes = self.fakes(batch)
        fake_logits = self.D(fakes.x)  # (N,)
        real, fake = -real_logits.mean(), -fake_logits.mean()  # L(x), L(G(z))
        comparison = self.comparison(batch, fakes, t, (real_logits, fake_logits))
        without_graph = replace(comparison, fake=fakes.x.detach())
        yield {
            "discriminator": self.regularizers.terms(without_graph, {"real": real, "fake": -self.k * fake}),
            "generator": self.regularizers.generator_terms(comparison, {"fake": fake}),
        }
        self.project()
        imbalance = self.over_processes(self.gamma * real - fake)
        self.k += self.gain * imbalance
        self.k.clamp_(0, 1)
        self.log(k=self.k, measure=self.over_processes(real) + imbalance.abs())

    def panels(self, batch: Batch) -> Mapping[str, Panel]:
        """Return real samples above their reconstructions, where the discriminator has any."""
        rebuild: Any = getattr(self.D, "rebuild", None)
        x = batch["x"][:32]
        return {"rebuilt": reconstruction_panel(x, rebuild(x))} if rebuild else {}


class BEGANGenerator(Generator):
    """z -> x by the decoder's layers. z is uniform on (-1, 1).

    ELU, no normalisation, nearest upsampling. The last layer is linear in training; samples are clamped to [-1, 1].
    For sides that are 5 to 8 times a power of two, such as 28, 32, 64 or 128.

    Args:
        spec: Shape, kind and classes of the samples.
        z_dim: Width of the noise, 64 in the paper.
        width: Channels of every layer, 64 or 128 in the paper.
    """

    def __init__(self, spec: Spec, z_dim: PositiveInt = 64, width: PositiveInt = 64):
        super().__init__()
        channels, size = need_square_image("generator began", spec)
        self.z_dim = z_dim
        self.layers = decoder(z_dim, width, channels, *_stages("generator began", size))

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        x = self.layers(z)  # (N, z_dim) -> (N, C, H, W)
        return end_pixels(x, "linear", self.training)

    def prior(self, n: int) -> Tensor:
        return 2 * torch.rand(n, self.z_dim, device=next(self.parameters()).device) - 1


class BEGANDiscriminator(Autoencoder):
    """An auto-encoder whose decoder has the generator's layers, for sides as there.

    Args:
        spec: Shape, kind and classes of the samples.
        z_dim: Width of the code, that of the generator's noise in the paper.
        width: Channels next to the image; each halving of the side adds as many.
        error: Reconstruction error of a sample, L1 in the paper; see the discriminator `autoencoder`.
    """

    def __init__(self, spec: Spec, z_dim: PositiveInt = 64, width: PositiveInt = 64, error: Error = "mean_absolute"):
        super().__init__()
        channels, size = need_square_image("discriminator began", spec)
        stages = _stages("discriminator began", size)
        self.error = error
        self.encode = encoder(channels, width, z_dim, *stages)
        self.decode = decoder(z_dim, width, channels, *stages)


def encoder(channels: int, width: int, z_dim: int, start: int, doublings: int) -> nn.Module:
    """Return layers (N, C, H, W) -> (N, width, H, W) -> (N, 2*width, H/2, W/2) -> ... -> (N, z_dim)."""
    layers = [_conv(channels, width), nn.ELU()]
    for i in range(1, doublings + 2):
        layers += [_conv(i * width, i * width), nn.ELU(), _conv(i * width, i * width), nn.ELU()]
        if i <= doublings:
            layers += [_conv(i * width, (i + 1) * width, stride=2), nn.ELU()]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear((doublings + 1) * width * start**2, z_dim))


def decoder(z_dim: int, width: int, channels: int, start: int, doublings: int) -> nn.Module:
    """Return layers (N, z_dim) -> (N, width, 8, 8) -> (N, width, 16, 16) -> ... -> (N, C, H, W), the last linear."""
    layers = [nn.Linear(z_dim, width * start**2), nn.Unflatten(1, (width, start, start))]
    for i in range(doublings + 1):
        first = UpsampleConv2d(width, width) if i > 0 else _conv(width, width)
        layers += [first, nn.ELU(), _conv(width, width), nn.ELU()]
    return nn.Sequential(*layers, _conv(width, channels))


def _conv(n_in: int, n_out: int, stride: int = 1) -> nn.Module:
    return nn.Conv2d(n_in, n_out, 3, stride=stride, padding=1)


def _stages(network: str, size: int) -> tuple[int, int]:
    """Return the side of the innermost map and how often it doubles: 28 -> (7, 2), 32 -> (8, 2), 64 -> (8, 3)."""
    start, doublings = halved(size, 8)
    if start not in range(5, 9):
        raise IncompatibleError(
            f"{network} needs images whose side is 5 to 8 times a power of two, such as 28, 32, 64 or 128, "
            f"not {size}: add dataset.size=64."
        )
    return start, doublings
