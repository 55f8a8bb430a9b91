"""GMAN, Durugkar, Gemp and Mahadevan 2017 (arXiv:1611.01673): one generator against several discriminators.

The generator minimises an aggregate of its losses l_1, ..., l_N against them, from lenient to harsh (section 4.1):

    F(l) = sum_i w_i l_i,    w = softmax(lambda l)

With lambda = 0 that is the mean; with a large lambda it is the maximum, and only the harshest discriminator counts.

The networks have the layers of the authors' code: a generator that doubles its map three times, and a shallow
discriminator with dropout. Departures: the generator's first layer reaches all of its map, where the code's kernel of 3
leaves an edge of biases; batch norm in the generator alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, NamedTuple

import torch
from pydantic import Field, NonNegativeFloat, PositiveInt
from torch import Tensor, nn
from torch.nn.functional import softplus

from ganzoo import (
    Batch,
    Blueprint,
    Comparison,
    Discriminator,
    Generator,
    IncompatibleError,
    Move,
    Procedure,
    Regularizers,
    Spec,
    Terms,
)
from ganzoo_builtins.gans.requirements import need_multiple


class Share(NamedTuple):
    """The input of one discriminator: samples (M, *shape) and, for conditional networks, their labels (M,)."""

    x: Tensor
    y: Tensor | None


class Aggregate(nn.Module):
    """F(l) of the generator's losses l (N,), with lambda fixed or learned as softplus(v), where v starts at -2."""

    def __init__(self, hardness: float | Literal["learned"]):
        super().__init__()
        self.fixed = None if hardness == "learned" else float(hardness)
        if self.fixed is None:
            self.v = nn.Parameter(torch.tensor(-2.0))

    def hardness(self) -> Tensor | float:
        """Return lambda."""
        return softplus(self.v) if self.fixed is None else self.fixed

    def forward(self, losses: Tensor) -> Tensor:
        return ((self.hardness() * losses).softmax(0) * losses).sum()  # the gradient goes through w as well


class GMAN(Procedure):
    """One generator against N discriminators of the same architecture (arXiv:1611.01673).

    By default both players' moves are those of `adversarial`, bit for bit with one discriminator. All discriminators
    form the player "discriminator": each learns from its own loss.

    Args:
        spec: Shape, kind and classes of the samples.
        generator: Blueprint of the generator.
        discriminator: Blueprint of the discriminator.
        loss: Blueprint of the loss.
        regularizer: Blueprints of the regularizers; each discriminator has its own. The generator minimises the mean
            of their terms.
        discriminators: The paper's N; 5 in the authors' code.
        hardness: The paper's lambda: 0 takes the mean of the generator's losses, a large one their maximum, and
            "learned" makes it a parameter of the generator (the paper's GMAN*).
        reward: Weight of lambda, which is subtracted from the generator's loss when it is learned. With 0, as in the
            authors' code, the generator prefers the mean.
        batches: Each discriminator has real and fake batches of its own ("own"), as in the code, or all have the same
            ("shared").
        dropout: "spread" makes discriminator i of 0..N-1 keep 0.4 + 0.2 (i + 1) / N of the units in each of its dropout
            layers, as the code does; "alike" leaves the layers as they are.

    Raises:
        IncompatibleError: A reward without a learned lambda, dropout to spread in a discriminator without any, or only
            one network is conditional.
    """

    def __init__(
        self,
        spec: Spec,
        generator: Blueprint,
        discriminator: Blueprint,
        loss: Blueprint,
        regularizer: list[Blueprint] | None = None,
        discriminators: PositiveInt = 5,
        hardness: Annotated[float, Field(ge=0)] | Literal["learned"] = 0.0,
        reward: NonNegativeFloat = 0.0,
        batches: Literal["own", "shared"] = "own",
        dropout: Literal["alike", "spread"] = "alike",
    ):
        super().__init__()
        self.G = generator(spec)
        self.D: Any = nn.ModuleList(discriminator(spec) for _ in range(discriminators))
        self.loss = loss()
        self.F = Aggregate(hardness)
        self.reward = reward
        self.batches = batches
        self.batches_per_step = discriminators if batches == "own" else 1
        self._check(hardness)
        if dropout == "spread":
            self._spread_dropout()
        attached = Regularizers.of_each(regularizer, list(self.D), self.G, spec, tells_source=False)
        self.regularizers: Any = nn.ModuleList(attached)

    def players(self) -> dict[str, list[nn.Module]]:
        return {"discriminator": [*self.D], "generator": [self.G, self.F]}

    def sample(self, n: int, y: Tensor | None = None) -> Tensor:
        return self.G(self.G.prior(n), y)

    def step(self, data: Iterator[Batch], t: int) -> Iterator[Move]:
        batches = [next(data) for _ in range(self.batches_per_step)]
        reals = self._each([Share(batch["x"], batch["y"] if self.conditional else None) for batch in batches])
        with torch.no_grad():
            fakes = self._fakes(reals)
        yield {"discriminator": self._discriminate(reals, fakes, t)}
        for items in self.regularizers:
            items.project()
        losses, helped = self._losses(reals, self._fakes(reals), t)  # (N,), and the terms of regularizers
        terms = {"adversarial": self.F(losses), **helped}
        if isinstance(hardness := self.F.hardness(), Tensor):
            self.log(hardness=hardness)
            terms["reward"] = -self.reward * hardness
        yield {"generator": terms}

    def _discriminate(self, reals: list[Share], fakes: list[Share], t: int) -> Terms:
        terms, logits = {}, []
        for i, (D, real, fake) in enumerate(zip(self.D, reals, fakes, strict=True)):
            logits.append((D(*real), D(*fake)))  # (M,), (M,)
            terms[f"adversarial_{i}"] = self.loss.discriminator(*logits[-1])
            penalties = self.regularizers[i].terms(self._compare(i, real, fake, logits[-1], t))
            terms |= {f"{name}_{i}": term for name, term in penalties.items()}
        real_logits, fake_logits = zip(*logits, strict=True)
        self.log(real=torch.cat(real_logits), fake=torch.cat(fake_logits))
        return terms

    def _losses(self, reals: list[Share], fakes: list[Share], t: int) -> tuple[Tensor, Terms]:
        """Return the generator's loss against each discriminator, (N,), and the mean terms of their regularizers."""
        losses, helped = [], dict[str, Tensor]()
        for i, (D, real, fake) in enumerate(zip(self.D, reals, fakes, strict=True)):
            real_logits, fake_logits = D(*real) if self.loss.uses_real else None, D(*fake)
            losses.append(self.loss.generator(real_logits, fake_logits))
            comparison = self._compare(i, real, fake, (real_logits, fake_logits), t)
            for name, term in self.regularizers[i].generator_terms(comparison).items():
                helped[name] = helped.get(name, 0) + term / len(self.D)
        return torch.stack(losses), helped

    def _compare(self, i: int, real: Share, fake: Share, logits: tuple[Tensor | None, Tensor], t: int) -> Comparison:
        """Return what the regularizers of discriminator i are handed."""
        return Comparison.of(
            self.D[i],
            self.G,
            real.x,
            fake.x,
            real_labels=real.y,
            fake_labels=fake.y,
            real_logits=logits[0],
            fake_logits=logits[1],
            step=t,
            over_processes=self.over_processes,
        )

    def _fakes(self, reals: list[Share]) -> list[Share]:
        """Generate as many fakes for each discriminator as it has real samples, all at once."""
        reals = reals[: self.batches_per_step]
        sizes = [len(real.x) for real in reals]
        y = torch.cat([real.y for real in reals if real.y is not None]) if self.conditional else None
        x = self.sample(sum(sizes), y).split(sizes)
        return self._each([Share(part, real.y) for part, real in zip(x, reals, strict=True)])

    def _each(self, shares: list[Share]) -> list[Share]:
        """Return one share for each discriminator."""
        return shares if self.batches == "own" else shares * len(self.D)

    def _spread_dropout(self) -> None:
        for i, D in enumerate(self.D):
            layers = [part for part in D.modules() if isinstance(part, nn.modules.dropout._DropoutNd) and part.p]
            if not layers:
                raise IncompatibleError(
                    f'procedure gman: dropout = "spread", and {type(D).__name__} drops nothing. '
                    "Use a discriminator with dropout, or set procedure.dropout=alike."
                )
            for layer in layers:
                layer.p = 1 - (0.4 + 0.2 * (i + 1) / len(self.D))

    def _check(self, hardness: float | str) -> None:
        if self.reward and hardness != "learned":
            raise IncompatibleError('procedure gman: reward is for a lambda that is learned: set hardness = "learned".')
        if self.G.conditional != self.D[0].conditional:
            raise IncompatibleError(
                "procedure gman: one of generator and discriminator is conditional on labels and the other is not. "
                "Use a conditional network for both, or for neither."
            )


class GMANGenerator(Generator):
    """z -> x by four transposed convolutions with ReLU, a tanh at the end. z is uniform on (-1, 1).

    Args:
        spec: Shape, kind and classes of the samples.
        z_dim: Width of the noise.
        width: Channels of the map next to the image; the two before it have two and four times as many.
    """

    def __init__(self, spec: Spec, z_dim: PositiveInt = 100, width: PositiveInt = 32):
        super().__init__()
        channels, size = need_multiple("generator gman", spec, 8, suggested=32)
        self.z_dim = z_dim
        widths = 4 * width, 2 * width, width
        layers: list[nn.Module] = [nn.ConvTranspose2d(z_dim, widths[0], size // 8)]
        for n_in, n_out in zip(widths, (*widths[1:], channels), strict=True):
            layers += [nn.BatchNorm2d(n_in), nn.ReLU()]
            layers.append(nn.ConvTranspose2d(n_in, n_out, 5, stride=2, padding=2, output_padding=1))
        self.layers = nn.Sequential(*layers, nn.Tanh())

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        # (N, z_dim, 1, 1) -> (N, 4*width, H/8, W/8) -> (N, 2*width, H/4, W/4) -> (N, width, H/2, W/2) -> (N, C, H, W)
        return self.layers(z[:, :, None, None])

    def prior(self, n: int) -> Tensor:
        return 2 * torch.rand(n, self.z_dim, device=next(self.parameters()).device) - 1


class GMANDiscriminator(Discriminator):
    """x -> logit by three 3x3 convolutions, two of them of stride 2, with LeakyReLU 0.2 and dropout.

    Args:
        spec: Shape, kind and classes of the samples.
        width: Channels of the first; the others have two and four times as many.
        dropout: Probability of dropping a unit.
    """

    def __init__(self, spec: Spec, width: PositiveInt = 32, dropout: Annotated[float, Field(ge=0, lt=1)] = 0.5):
        super().__init__()
        channels, size = need_multiple("discriminator gman", spec, 8, suggested=32)
        layers: list[nn.Module] = []
        for n_in, n_out, stride in ((channels, width, 2), (width, 2 * width, 2), (2 * width, 4 * width, 1)):
            layers += [nn.Conv2d(n_in, n_out, 3, stride, padding=1), nn.LeakyReLU(0.2), nn.Dropout(dropout)]
        self.layers = nn.Sequential(*layers, nn.Flatten())
        self.head = nn.Linear(4 * width * (size // 4) ** 2, 1)

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        # (N, C, H, W) -> (N, width, H/2, W/2) -> (N, 2*width, H/4, W/4) -> (N, 4*width, H/4, W/4) -> (N, width*H*W/4)
        return self.layers(x)

    def logits(self, features: Tensor, y: Tensor | None = None) -> Tensor:
        return self.head(features).squeeze(1)  # (N, width*H*W/4) -> (N, 1) -> (N,)
