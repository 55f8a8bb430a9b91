"""BEGAN, Berthelot, Schumm and Metz 2017 (arXiv:1703.10717): the errors of an auto-encoder, held in balance.

Departures: one batch of fakes serves both players; the paper's optional skip connections and vanishing residuals are
left out. The layers are those of public re-implementations.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated

import torch
from pydantic import Field, PositiveInt
from torch import Tensor, nn

from ganzoo import Batch, Blueprint, Generator, IncompatibleError, Move, Panel, Procedure, Spec
from ganzoo_builtins.gans.autoencoder import Autoencoder, Error, beside
from ganzoo_builtins.gans.fits import halved, need_square_image
from ganzoo_builtins.gans.upsample import UpsampleConv2d

Share = Annotated[float, Field(ge=0, le=1)]


class BEGAN(Procedure):
    """L is the auto-encoder's error, minus the discriminator's logit. Both players move at once (section 3.4):

        discriminator: L(x) - k L(G(z))         generator: L(G(z))
        k <- k + gain (gamma L(x) - L(G(z))), within [0, 1]

    k starts at 0 and weighs the fakes, so that L(G(z)) settles at gamma L(x). The measure of convergence,
    L(x) + |gamma L(x) - L(G(z))|, and k are logged.

    One batch of fakes serves both players, where the paper writes a draw for each: half of the work, and the same
    gradients on average.

    gamma: the diversity ratio, 0.3 to 0.7 in the paper; lower is cleaner and more alike. gain: lambda_k.
    """

    def __init__(
        self,
        spec: Spec,
        generator: Blueprint,
        discriminator: Blueprint,
        gamma: Share = 0.5,
        gain: Share = 0.001,
    ):
        super().__init__()
        self.G, self.D = generator(spec), discriminator(spec)
        self.gamma, self.gain = gamma, gain
        self.register_buffer("k", torch.tensor(0.0))
        self.k: Tensor
        if self.G.conditional or self.D.conditional:
            raise IncompatibleError("procedure began has no use for labels: use networks that are not conditional.")

    def players(self) -> dict[str, list[nn.Module]]:
        return {"discriminator": [self.D], "generator": [self.G]}

    def sample(self, n: int, y: Tensor | None = None) -> Tensor:
        return self.G(self.G.prior(n))

    def step(self, data: Iterator[Batch], t: int) -> Iterator[Move]:
        x = next(data)["x"]  # (N, *shape)
        real, fake = -self.D(x).mean(), -self.D(self.sample(len(x))).mean()  # L(x), L(G(z))
        yield {"discriminator": {"real": real, "fake": -self.k * fake}, "generator": {"fake": fake}}
        imbalance = self.over_processes(self.gamma * real - fake)
        self.k += self.gain * imbalance
        self.k.clamp_(0, 1)
        self.log(k=self.k, measure=self.over_processes(real) + imbalance.abs())

    def panels(self, batch: Batch) -> Mapping[str, Panel]:
        """What the auto-encoder makes of real samples, where it can be asked."""
        if not isinstance(self.D, Autoencoder):
            return {}
        x = batch["x"][:32]
        return {"rebuilt": beside(x, self.D.rebuild(x))}


class BEGANGenerator(Generator):
    """z -> x: the decoder's layers. z is uniform on (-1, 1).

    ELU, no normalisation, nearest upsampling. Pixels leave linearly while it trains; samples are cut off at -1 and 1.
    For sides that are 5 to 8 times a power of two, such as 28, 32, 64 or 128.

    width: channels of every layer, 64 or 128 in the paper. z_dim: 64 in the paper.
    """

    def __init__(self, spec: Spec, z_dim: PositiveInt = 64, width: PositiveInt = 64):
        super().__init__()
        channels, size = need_square_image("generator began", spec)
        self.z_dim = z_dim
        self.layers = decoder(z_dim, width, channels, *_stages("generator began", size))

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        x = self.layers(z)  # (N, z_dim) -> (N, C, H, W)
        return x if self.training else x.clamp(-1, 1)

    def prior(self, n: int) -> Tensor:
        return 2 * torch.rand(n, self.z_dim, device=next(self.parameters()).device) - 1


class BEGANDiscriminator(Autoencoder):
    """An auto-encoder whose decoder has the generator's layers. Sides as there.

    width: channels of the widest map, and so many more in each map on. z_dim: numbers of the code, as many as the
    generator's z has in the paper. error: the paper's is L1; see the discriminator `autoencoder`.
    """

    def __init__(self, spec: Spec, z_dim: PositiveInt = 64, width: PositiveInt = 64, error: Error = "mean_absolute"):
        super().__init__()
        channels, size = need_square_image("discriminator began", spec)
        stages = _stages("discriminator began", size)
        self.error = error
        self.encode = encoder(channels, width, z_dim, *stages)
        self.decode = decoder(z_dim, width, channels, *stages)


def encoder(channels: int, width: int, z_dim: int, start: int, doublings: int) -> nn.Module:
    """(N, C, H, W) -> (N, width, H, W) -> (N, 2*width, H/2, W/2) -> ... -> (N, z_dim)."""
    layers = [_conv(channels, width), nn.ELU()]
    for i in range(1, doublings + 2):
        layers += [_conv(i * width, i * width), nn.ELU(), _conv(i * width, i * width), nn.ELU()]
        if i <= doublings:
            layers += [_conv(i * width, (i + 1) * width, stride=2), nn.ELU()]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear((doublings + 1) * width * start**2, z_dim))


def decoder(z_dim: int, width: int, channels: int, start: int, doublings: int) -> nn.Module:
    """(N, z_dim) -> (N, width, 8, 8) -> (N, width, 16, 16) -> ... -> (N, C, H, W), linear."""
    layers = [nn.Linear(z_dim, width * start**2), nn.Unflatten(1, (width, start, start))]
    for i in range(doublings + 1):
        first = UpsampleConv2d(width, width) if i > 0 else _conv(width, width)
        layers += [first, nn.ELU(), _conv(width, width), nn.ELU()]
    return nn.Sequential(*layers, _conv(width, channels))


def _conv(n_in: int, n_out: int, stride: int = 1) -> nn.Module:
    return nn.Conv2d(n_in, n_out, 3, stride=stride, padding=1)


def _stages(network: str, size: int) -> tuple[int, int]:
    """Side of the innermost map, and how often it doubles: 28 -> (7, 2), 32 -> (8, 2), 64 -> (8, 3)."""
    start, doublings = halved(size, 8)
    if start not in range(5, 9):
        raise IncompatibleError(
            f"{network} needs images whose side is 5 to 8 times a power of two, such as 28, 32, 64 or 128, "
            f"not {size}: add dataset.size=64."
        )
    return start, doublings
