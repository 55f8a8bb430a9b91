"""InfoGAN, Chen et al. 2016 (arXiv:1606.03657): part of the noise is codes, which can be inferred from samples.

    min over G, Q  max over D  of  V(D, G) - lambda L_I(G, Q)
    L_I = H(c) + E log Q(c | G(z, c)), a lower bound of the information I(c; G(z, c))

Q is a second head on the discriminator's features, and learns in the discriminator's move, as in the authors' code. Its
normal distributions have a deviation of 1 there and here. The networks are those for MNIST. Pixels are
in [0, 1] in the paper: the generator's sigmoid is mapped to [-1, 1], and the discriminator maps back.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Annotated, NamedTuple

import torch
from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, one_hot

from ganzoo import (
    Batch,
    Blueprint,
    Discriminator,
    Fakes,
    Generator,
    IncompatibleError,
    Move,
    Panel,
    Spec,
    TwoPlayerProcedure,
    features_width,
)
from ganzoo_builtins.gans.requirements import need_multiple

SWEEP = 10  # values of a continuous code in its picture


class InfoGANGenerator(Generator):
    """z -> x by two fully connected layers and two transposed convolutions. z is uniform on (-1, 1).

    Args:
        spec: Shape, kind and classes of the samples.
        z_dim: Width of noise and codes together: 62 + 10 + 2 in the paper.
        width: Channels next to the image, 64 in the paper; the first layer is 16 times as wide.
        std: Standard deviation of the first weights, where those of batch norm start from N(1, std^2) and biases from
            0; 0.02 in the authors' code, None for PyTorch's own.
    """

    def __init__(self, spec: Spec, z_dim: PositiveInt = 74, width: PositiveInt = 64, std: PositiveFloat | None = None):
        super().__init__()
        channels, size = need_multiple("generator infogan", spec, 4)
        inner = size // 4
        self.z_dim = z_dim
        n_map = 2 * width * inner**2
        self.layers = nn.Sequential(
            nn.Linear(z_dim, 16 * width),
            nn.BatchNorm1d(16 * width),
            nn.ReLU(),
            nn.Linear(16 * width, n_map),
            nn.BatchNorm1d(n_map),
            nn.ReLU(),
            nn.Unflatten(1, (2 * width, inner, inner)),
            nn.ConvTranspose2d(2 * width, width, 4, stride=2, padding=1),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.ConvTranspose2d(width, channels, 4, stride=2, padding=1),
            nn.Sigmoid(),
        )
        start_normal(self, std)

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        # (N, z_dim) -> (N, 16*width) -> (N, 2*width, H/4, W/4) -> (N, width, H/2, W/2) -> (N, C, H, W)
        return 2 * self.layers(z) - 1

    def prior(self, n: int) -> Tensor:
        return 2 * torch.rand(n, self.z_dim, device=next(self.parameters()).device) - 1


class InfoGANDiscriminator(Discriminator):
    """x -> logit by two convolutions and a fully connected layer, LeakyReLU 0.1, the generator's mirror image.

    Args:
        spec: Shape, kind and classes of the samples.
        width: Channels next to the image, 64 in the paper; the features are 16 times as many.
        std: Standard deviation of the first weights, where those of batch norm start from N(1, std^2) and biases from
            0; 0.02 in the authors' code, None for PyTorch's own.
    """

    def __init__(self, spec: Spec, width: PositiveInt = 64, std: PositiveFloat | None = None):
        super().__init__()
        channels, size = need_multiple("discriminator infogan", spec, 4)
        inner = size // 4
        self.layers = nn.Sequential(
            nn.Conv2d(channels, width, 4, stride=2, padding=1),
            nn.LeakyReLU(0.1),
            nn.Conv2d(width, 2 * width, 4, stride=2, padding=1),
            nn.BatchNorm2d(2 * width),
            nn.LeakyReLU(0.1),
            nn.Flatten(),
            nn.Linear(2 * width * inner**2, 16 * width),
            nn.BatchNorm1d(16 * width),
            nn.LeakyReLU(0.1),
        )
        self.head = nn.Linear(16 * width, 1)
        start_normal(self, std)

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        # (N, C, H, W) -> (N, width, H/2, W/2) -> (N, 2*width, H/4, W/4) -> (N, 16*width)
        return self.layers((x + 1) / 2)

    def logits(self, features: Tensor, y: Tensor | None = None) -> Tensor:
        return self.head(features).squeeze(1)  # (N, 16*width) -> (N, 1) -> (N,)


class Codes(NamedTuple):
    """The codes of a batch.

    Attributes:
        y: Values (N,) of each discrete code.
        c: Values (N, continuous) of the continuous codes, uniform on (-1, 1).
    """

    y: list[Tensor]
    c: Tensor


class Q(nn.Module):
    """Features (N, width) -> logits (N, values) of each discrete code, and means (N, continuous) of the others."""

    def __init__(self, width: int, hidden: Sequence[int], discrete: Sequence[int], continuous: int):
        super().__init__()
        self.sizes = [*discrete, continuous]
        layers: list[nn.Module] = []
        for n in hidden:
            layers += [nn.Linear(width, n), nn.BatchNorm1d(n), nn.LeakyReLU(0.1)]
            width = n
        self.layers = nn.Sequential(*layers, nn.Linear(width, sum(self.sizes)))

    def forward(self, features: Tensor) -> tuple[list[Tensor], Tensor]:
        *logits, means = self.layers(features).split(self.sizes, dim=1)
        return logits, means


class InfoGAN(TwoPlayerProcedure):
    """The discriminator with Q, and the generator, move in turn; both minimise the information term as well.

    The codes replace the last columns of the generator's noise: discrete ones as one-hot vectors, then the continuous
    ones. On fakes the discriminator's layers run once, for its logit and for Q.

    Args:
        spec: Shape, kind and classes of the samples.
        generator: Blueprint of the generator.
        discriminator: Blueprint of the discriminator.
        loss: Blueprint of the loss.
        regularizer: Blueprints of the regularizers, which change or penalise the discriminator, not Q.
        discrete: Number of values of each discrete code.
        continuous: Number of continuous codes, uniform on (-1, 1).
        discrete_weight: The paper's lambda for discrete codes; 1 in its code for MNIST.
        continuous_weight: The paper's lambda for continuous codes; 1 in its code for MNIST.
        hidden: Widths of Q's hidden layers.
        std: Standard deviation of Q's first weights, see the networks' `std`.

    Raises:
        IncompatibleError: The codes do not fit into the noise, or a network is conditional.
    """

    takes_labels = False

    def __init__(
        self,
        spec: Spec,
        generator: Blueprint,
        discriminator: Blueprint,
        loss: Blueprint,
        regularizer: list[Blueprint] | None = None,
        discrete: Sequence[Annotated[int, Field(ge=2)]] = (10,),
        continuous: NonNegativeInt = 2,
        discrete_weight: NonNegativeFloat = 1.0,
        continuous_weight: NonNegativeFloat = 1.0,
        hidden: Sequence[PositiveInt] = (128,),
        std: PositiveFloat | None = None,
    ):
        super().__init__(spec, generator, discriminator, loss, regularizer)
        self.values = list(discrete)
        self.continuous = continuous
        self.discrete_weight = discrete_weight
        self.continuous_weight = continuous_weight
        self._check_codes()
        self.Q = Q(features_width(self.D, spec), hidden, self.values, continuous)
        start_normal(self.Q, std)

    def players(self) -> dict[str, list[nn.Module]]:
        return {"discriminator": [self.D, self.Q], "generator": [self.G]}

    def step(self, data: Iterator[Batch], t: int) -> Iterator[Move]:
        batch = next(data)
        codes = self.codes(len(batch["x"]))
        with torch.no_grad():
            fakes = self.fakes_of(codes)
        real_logits = self.judge_real(batch)  # (N,)
        features, fake_logits = self.D.features_and_logits(fakes.x)  # (N, width), (N,)
        self.log_logits(real_logits, fake_logits)
        adversarial = self.loss.discriminator(real_logits, fake_logits)
        terms = self.discriminator_terms(adversarial, batch, fakes, t, (real_logits, fake_logits))
        yield {"discriminator": {**terms, **self.information(codes, features)}}
        self.project()
        codes = self.codes(len(batch["x"]))
        fakes = self.fakes_of(codes)
        features, fake_logits = self.D.features_and_logits(fakes.x)
        compared = self.judge_real(batch) if self.loss.uses_real else None
        adversarial = self.loss.generator(compared, fake_logits)
        terms = self.generator_terms(adversarial, batch, fakes, t, (compared, fake_logits))
        yield {"generator": {**terms, **self.information(codes, features)}}

    def fakes_of(self, codes: Codes) -> Fakes:
        """Generate fakes from codes and new noise."""
        z = self.latent(codes)  # (N, z_dim)
        return Fakes(self.G(z), None, z)

    def information(self, codes: Codes, features: Tensor) -> dict[str, Tensor]:
        """Return -lambda E log Q(c | x), which is -lambda L_I without its constant.

        L_I of the discrete codes is logged in nats, and the mean squared error of Q's means as continuous_error: 1/3
        when samples tell nothing about the codes, 0 when they tell everything.

        Args:
            codes: The codes of the fakes.
            features: The discriminator's features of the fakes (N, width).

        Returns:
            A term for discrete codes and one for continuous codes, where there are any.
        """
        logits, means = self.Q(features)
        terms = {}
        if self.values:
            surprise = torch.stack([cross_entropy(scores, y) for scores, y in zip(logits, codes.y, strict=True)]).sum()
            terms["discrete"] = self.discrete_weight * surprise
            self.log(L_I=math.log(math.prod(self.values)) - surprise)
        if self.continuous:
            error = (codes.c - means).square()  # (N, continuous)
            terms["continuous"] = self.continuous_weight * error.sum(1).mean() / 2
            self.log(continuous_error=error.mean())
        return terms

    def codes(self, n: int) -> Codes:
        """Draw codes for n samples."""
        device = next(self.G.parameters()).device
        y = [torch.randint(values, (n,), device=device) for values in self.values]
        return Codes(y, 2 * torch.rand(n, self.continuous, device=device) - 1)

    def latent(self, codes: Codes, noise: Tensor | None = None) -> Tensor:
        """Replace the last columns of noise (N, z_dim), drawn from the prior by default, by codes."""
        noise = self.G.prior(len(codes.c)) if noise is None else noise
        hot = [one_hot(y, values).to(noise) for y, values in zip(codes.y, self.values, strict=True)]
        columns = torch.cat([*hot, codes.c.to(noise)], dim=1)  # (N, sum(discrete) + continuous)
        return torch.cat([noise[:, : self.G.z_dim - columns.shape[1]], columns], dim=1)

    def infer(self, x: Tensor) -> Codes:
        """Return the most likely codes, by Q, of samples (N, *shape), which may be real."""
        logits, means = self.Q(self.D.features(x))
        return Codes([scores.argmax(1) for scores in logits], means)

    def sample(self, n: int, y: Tensor | None = None) -> Tensor:
        return self.G(self.latent(self.codes(n)))

    def panels(self, batch: Batch) -> dict[str, Panel]:
        """Return a picture for each code, in which nothing else changes along a row.

        Each value of a discrete code has a column. A continuous code goes from -2 to 2, beyond its range in training;
        its rows go through the values of the first discrete code.
        """
        pictures = {}
        for k, values in enumerate(self.values):
            codes, noise = self._rows(8, values)
            codes.y[k] = torch.arange(values, device=noise.device).repeat(8)  # 0, 1, ... along each row
            pictures[f"discrete-{k + 1}"] = Panel(self.G(self.latent(codes, noise)), values)
        for k in range(self.continuous):
            rows = self.values[0] if self.values else 8
            codes, noise = self._rows(rows, SWEEP)
            codes.c[:, k] = torch.linspace(-2, 2, SWEEP, device=noise.device).repeat(rows)
            if self.values:
                codes.y[0] = torch.arange(rows, device=noise.device).repeat_interleave(SWEEP)
            pictures[f"continuous-{k + 1}"] = Panel(self.G(self.latent(codes, noise)), SWEEP)
        return pictures

    def _rows(self, rows: int, columns: int) -> tuple[Codes, Tensor]:
        """Draw codes and noise for rows * columns samples, equal along a row."""
        codes, noise = self.codes(rows), self.G.prior(rows)
        y = [values.repeat_interleave(columns) for values in codes.y]
        return Codes(y, codes.c.repeat_interleave(columns, 0)), noise.repeat_interleave(columns, 0)

    def _check_codes(self) -> None:
        if not self.values and not self.continuous:
            raise IncompatibleError("infogan needs a code: discrete = [10], or continuous = 2, or both.")
        columns = sum(self.values) + self.continuous
        if self.G.z_dim < columns:
            raise IncompatibleError(
                f"the codes of infogan take {columns} columns of the noise, and the generator has z_dim = "
                f"{self.G.z_dim}: set generator.z_dim to more, such as {columns + 62}."
            )


def start_normal(network: nn.Module, std: float | None) -> None:
    """Draw weights from N(0, std^2) and those of batch norm from N(1, std^2), and set biases to 0; not for None."""
    if std is None:
        return
    for module in network.modules():
        if isinstance(module, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d, nn.BatchNorm1d, nn.BatchNorm2d)):
            normalises = isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d))
            nn.init.normal_(module.weight, float(normalises), std)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
