"""VAE-GAN, Larsen, Sønderby, Larochelle and Winther 2016, "Autoencoding beyond pixels" (arXiv:1512.09300).

A variational auto-encoder. Its decoder is the GAN's generator, and its reconstruction error is measured in the
discriminator's features instead of in pixels. Networks are those of the authors' code, for 64x64.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Annotated

import torch
from pydantic import Field, NonNegativeFloat, PositiveInt
from torch import Tensor, nn
from torch.nn.functional import softplus

from ganzoo import (
    AugmentedDiscriminator,
    Batch,
    Blueprint,
    Comparison,
    Discriminator,
    Encoder,
    Generator,
    IncompatibleError,
    Move,
    Panel,
    Procedure,
    Regularizers,
    Spec,
)
from ganzoo_builtins.gans.autoencoder import reconstruction_panel
from ganzoo_builtins.gans.requirements import need_multiple


class VAEGAN(Procedure):
    """Algorithm 1, in which all three players move at once, with the equilibrium gate of the authors' code.

        encoder:        L_prior + L_like
        decoder:        gamma L_like + (1 - gamma) L_GAN of the generator
        discriminator:  L_GAN

    L_prior = KL(q(z|x) || N(0, I)), L_like = 1/2 ||Dis_l(x) - Dis_l(Dec(z))||^2 with z drawn from q(z|x), sums over a
    sample; Dis_l are the discriminator's features. Each term trains only the player of its row: the features do not
    learn to be easy to reconstruct, and the discriminator's loss does not reach the encoder. L_GAN has fakes of two
    kinds, Dec(z) with z from the prior and the reconstructions Dec(Enc(x)) (the paper's eq. 10): the mean over both
    weighs as much as the mean over real samples, where the paper adds a term for each.

    The gate: the discriminator waits while its cross-entropy on real or on fake samples is below equilibrium - margin,
    the decoder while one of them is above equilibrium + margin; if both would wait, neither does.

    Regularizers see the fakes of both kinds, and the real samples once for each; a player that waits has no terms.

    Args:
        spec: Shape, kind and classes of the samples.
        encoder: Blueprint of the encoder.
        generator: Blueprint of the generator, which is the decoder.
        discriminator: Blueprint of the discriminator.
        loss: Blueprint of the loss.
        regularizer: Blueprints of the regularizers, whose terms for the generator the decoder minimises.
        gamma: Weight of the reconstruction in the decoder's loss, 1e-6 for CelebA in the authors' code: L_like is a
            large sum.
        reconstructions: Judge reconstructions as fakes too, together with as many samples from the prior, as Algorithm
            1 has it. False leaves the samples alone.
        equilibrium: Cross-entropy around which the players are balanced, 0.68 in the authors' code.
        margin: Tolerance of the gate, 0.35 in the authors' code. A large one lets both players always move.

    Raises:
        IncompatibleError: The encoder has no distribution of codes, the widths of code and noise differ, or only one
            of generator and discriminator is conditional.
    """

    def __init__(
        self,
        spec: Spec,
        encoder: Blueprint,
        generator: Blueprint,
        discriminator: Blueprint,
        loss: Blueprint,
        regularizer: list[Blueprint] | None = None,
        gamma: Annotated[float, Field(ge=0, le=1)] = 1e-6,
        reconstructions: bool = True,
        equilibrium: NonNegativeFloat = 0.68,
        margin: NonNegativeFloat = 0.35,
    ):
        super().__init__()
        self.E = encoder(spec)
        self.G = generator(spec)
        self.D = discriminator(spec)
        self.loss = loss()
        self.gamma = gamma
        self.reconstructions = reconstructions
        self.equilibrium = equilibrium
        self.margin = margin
        self._check()
        self.regularizers = Regularizers(regularizer, self.D, self.G, spec, tells_source=False)

    def players(self) -> dict[str, list[nn.Module]]:
        return {"encoder": [self.E], "decoder": [self.G], "discriminator": [self.D]}

    def sample(self, n: int, y: Tensor | None = None) -> Tensor:
        return self.G(self.G.prior(n), y)

    def step(self, data: Iterator[Batch], t: int) -> Iterator[Move]:
        batch = next(data)
        x, y = batch["x"], batch["y"] if self.conditional else None  # (N, *shape), (N,)
        mean, logvar = self.E.posterior(x, batch["y"] if self.E.conditional else None)  # (N, z_dim) each
        rebuilt = self.G(mean + torch.randn_like(mean) * (logvar / 2).exp(), y)  # Dec(z), z ~ q(z|x)
        prior = 0.5 * (mean.square() + logvar.exp() - 1 - logvar).sum(1).mean()
        # One pass for both: batch norm would normalise two batches separately, and so hide their difference.
        features = self.D.features(torch.cat([x, rebuilt]), torch.cat([y, y]) if y is not None else None)  # (2N, width)
        like = 0.5 * (features[: len(x)] - features[len(x) :]).square().sum(1).mean()

        real = self.D(x, y)  # (N,)
        sampled = self.sample(len(x), y)  # Dec(z), z ~ p(z)
        fake = self.D(sampled, y)  # (N,)
        if self.reconstructions:
            fake = torch.cat([fake, self.D(rebuilt, y)])  # (2N,)
            real = torch.cat([real, real])  # (2N,), beside as many fakes
            x, sampled = torch.cat([x, x]), torch.cat([sampled, rebuilt])  # (2N, *shape)
            y = torch.cat([y, y]) if y is not None else None
        self.log(real=real, fake=fake)
        adversarial = self.loss.generator(real if self.loss.uses_real else None, fake)
        terms = {
            "encoder": {"prior": prior, "like": like},
            "decoder": {"like": self.gamma * like, "adversarial": (1 - self.gamma) * adversarial},
            "discriminator": {"adversarial": self.loss.discriminator(real, fake)},
        }
        waiting = self.waiting(*self.over_processes(torch.stack([softplus(-real).mean(), softplus(fake).mean()])))
        comparison = Comparison.of(
            self.D,
            self.G,
            x,
            sampled,
            real_labels=y,
            fake_labels=y,
            real_logits=real,
            fake_logits=fake,
            step=t,
            over_processes=self.over_processes,
        )
        move: dict[str, Mapping[str, Tensor]] = {"encoder": terms["encoder"]}
        if "decoder" not in waiting:
            move["decoder"] = self.regularizers.generator_terms(comparison, terms["decoder"])
        if "discriminator" not in waiting:
            without_graph = replace(comparison, fake=sampled.detach())
            move["discriminator"] = self.regularizers.terms(without_graph, terms["discriminator"])
        yield move
        if "discriminator" in move:
            self.regularizers.project()

    def waiting(self, real: float | Tensor, fake: float | Tensor) -> set[str]:
        """Return the players that do not move, given the cross-entropies on real and on fake samples."""
        low, high = self.equilibrium - self.margin, self.equilibrium + self.margin
        players = set()
        if real < low or fake < low:
            players.add("discriminator")
        if real > high or fake > high:
            players.add("decoder")
        return players if len(players) < 2 else set()

    def panels(self, batch: Batch) -> Mapping[str, Panel]:
        """Return real samples above their reconstructions."""
        x = batch["x"][:32]
        z = self.E(x, batch["y"][:32] if self.E.conditional else None)  # (N, z_dim)
        return {"rebuilt": reconstruction_panel(x, self.G(z, batch["y"][:32] if self.conditional else None))}

    def _check(self) -> None:
        if not self.E.probabilistic:
            raise IncompatibleError(
                f"procedure vaegan draws codes, and the encoder {type(self.E).__name__} has no distribution of codes: "
                'use the encoder "vaegan" or "mlp".'
            )
        if self.E.z_dim != self.G.z_dim:
            raise IncompatibleError(
                f"the encoder makes codes of {self.E.z_dim} numbers, and the generator takes {self.G.z_dim}: "
                f"add encoder.z_dim={self.G.z_dim}."
            )
        if isinstance(self.D, AugmentedDiscriminator):
            raise IncompatibleError(
                "procedure vaegan compares the features of a sample with those of its reconstruction, and "
                "[[augmentation]] would change the two in different ways: leave it out."
            )
        if self.G.conditional != self.D.conditional:
            raise IncompatibleError(
                "one of generator and discriminator is conditional on labels and the other is not, so nothing would "
                "enforce them: use a conditional network for both, or for neither."
            )


class VAEGANEncoder(Encoder):
    """x -> mean and log-variance of z: strided 5x5 convolutions, batch norm, ReLU; the side must be divisible by 8.

    Args:
        spec: Shape, kind and classes of the samples.
        z_dim: Width of the code.
        width: Channels next to the image; two and four times as many in the next maps, 16 times in the hidden layer.
    """

    probabilistic = True

    def __init__(self, spec: Spec, z_dim: PositiveInt = 128, width: PositiveInt = 64):
        super().__init__()
        channels, size = need_multiple("encoder vaegan", spec, 8)
        start = size // 8
        self.z_dim = z_dim
        self.layers = nn.Sequential(
            *_down(channels, width),
            *_down(width, 2 * width),
            *_down(2 * width, 4 * width),
            *_full(4 * width * start**2, 16 * width),
        )
        self.mean = nn.Linear(16 * width, z_dim)
        self.logvar = nn.Linear(16 * width, z_dim)

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return self.mean(self.layers(x))  # (N, z_dim)

    def posterior(self, x: Tensor, y: Tensor | None = None) -> tuple[Tensor, Tensor]:
        # (N, C, H, W) -> (N, width, H/2, W/2) -> ... -> (N, 4*width, H/8, W/8) -> (N, 16*width)
        hidden = self.layers(x)
        return self.mean(hidden), self.logvar(hidden)  # (N, z_dim) each


class VAEGANGenerator(Generator):
    """z -> x, the decoder: transposed 5x5 convolutions, batch norm, ReLU, tanh. z is standard normal.

    The side must be divisible by 8.

    Args:
        spec: Shape, kind and classes of the samples.
        z_dim: Width of the noise.
        width: A quarter of the channels of the two innermost maps, half of those of the next; the last has half of it.
    """

    def __init__(self, spec: Spec, z_dim: PositiveInt = 128, width: PositiveInt = 64):
        super().__init__()
        channels, size = need_multiple("generator vaegan", spec, 8)
        start = size // 8
        self.z_dim = z_dim
        last = max(1, width // 2)
        self.layers = nn.Sequential(
            nn.Linear(z_dim, 4 * width * start**2, bias=False),
            nn.BatchNorm1d(4 * width * start**2),
            nn.ReLU(),
            nn.Unflatten(1, (4 * width, start, start)),
            *_up(4 * width, 4 * width),
            *_up(4 * width, 2 * width),
            *_up(2 * width, last),
            nn.Conv2d(last, channels, 5, padding=2),
            nn.Tanh(),
        )

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        # (N, z_dim) -> (N, 4*width, H/8, W/8) -> ... -> (N, 2*width, H/2, W/2) -> (N, width/2, H, W) -> (N, C, H, W)
        return self.layers(z)


class VAEGANDiscriminator(Discriminator):
    """x -> logit; its features are Dis_l, the map after the third strided convolution.

    The side must be divisible by 8.

    Args:
        spec: Shape, kind and classes of the samples.
        width: Twice the channels next to the image; the next maps have two, four and four times as many, the hidden
            layer 8 times.
    """

    def __init__(self, spec: Spec, width: PositiveInt = 64):
        super().__init__()
        channels, size = need_multiple("discriminator vaegan", spec, 8)
        start = size // 8
        first = max(1, width // 2)
        self.layers = nn.Sequential(
            nn.Conv2d(channels, first, 5, padding=2),
            nn.ReLU(),
            *_down(first, 2 * width),
            *_down(2 * width, 4 * width),
            *_down(4 * width, 4 * width),
            nn.Flatten(),
        )
        self.head = nn.Sequential(*_full(4 * width * start**2, 8 * width), nn.Linear(8 * width, 1))

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        # (N, C, H, W) -> (N, width/2, H, W) -> (N, 2*width, H/2, W/2) -> ... -> (N, 4*width*H/8*W/8)
        return self.layers(x)

    def logits(self, features: Tensor, y: Tensor | None = None) -> Tensor:
        return self.head(features).squeeze(1)  # (N, width) -> (N, 8*width) -> (N, 1) -> (N,)


def _down(n_in: int, n_out: int) -> list[nn.Module]:
    """Return layers that halve the side."""
    return [nn.Conv2d(n_in, n_out, 5, stride=2, padding=2, bias=False), nn.BatchNorm2d(n_out), nn.ReLU()]


def _up(n_in: int, n_out: int) -> list[nn.Module]:
    """Return layers that double the side."""
    up = nn.ConvTranspose2d(n_in, n_out, 5, stride=2, padding=2, output_padding=1, bias=False)
    return [up, nn.BatchNorm2d(n_out), nn.ReLU()]


def _full(n_in: int, n_out: int) -> list[nn.Module]:
    return [nn.Flatten(), nn.Linear(n_in, n_out, bias=False), nn.BatchNorm1d(n_out), nn.ReLU()]
