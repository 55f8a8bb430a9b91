"""GMAN, Durugkar, Gemp and Mahadevan 2017 (arXiv:1611.01673): one generator against several discriminators.

The generator minimises an aggregate of its losses l_1, ..., l_N against them, from lenient to harsh (section 4.1):

    F(l) = sum_i w_i l_i,    w = softmax(lambda l)

With lambda = 0 that is the mean, a large lambda makes it the maximum: the harshest discriminator alone counts. The
paper's networks are in gman_networks.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, NamedTuple

import torch
from pydantic import Field, NonNegativeFloat, PositiveInt
from torch import Tensor, nn
from torch.nn.functional import softplus

from ganzoo import Batch, Blueprint, IncompatibleError, Move, Procedure, Spec, Terms


class Share(NamedTuple):
    """What one discriminator is shown: samples (M, *shape) and, of conditional networks, their labels (M,)."""

    x: Tensor
    y: Tensor | None


class Aggregate(nn.Module):
    """l (N,) -> F(l) (). `hardness` is lambda; "learned" makes it softplus(v), v a parameter that starts at -2."""

    def __init__(self, hardness: float | Literal["learned"]):
        super().__init__()
        self.fixed = None if hardness == "learned" else float(hardness)
        if self.fixed is None:
            self.v = nn.Parameter(torch.tensor(-2.0))

    def hardness(self) -> Tensor | float:
        return softplus(self.v) if self.fixed is None else self.fixed

    def forward(self, losses: Tensor) -> Tensor:
        return ((self.hardness() * losses).softmax(0) * losses).sum()  # the gradient goes through w as well


class GMAN(Procedure):
    """One generator against N discriminators of one make (arXiv:1611.01673).

    Both players' moves are those of `adversarial` as it is by default, to the bit where there is one discriminator.
    All discriminators are the player "discriminator": each learns from its own loss.

    discriminators: N; 5 is the code's. hardness: the paper's lambda: 0 takes the mean of the generator's losses, a
        large one their maximum, "learned" leaves it to the generator (the paper's GMAN*).
    reward: what the generator gains for a large lambda: reward * lambda is taken off its loss. Without it, as in the
        paper's code, it prefers the mean.
    batches: each discriminator has a batch of its own, real and fake, as in the code ("own"), or all have the same
        one ("shared").
    dropout: "spread" makes discriminator i of 0..N-1 keep 0.4 + 0.2 (i + 1) / N of the units at each of its dropout
        layers, as the code does; "alike" leaves them as the network has them.
    """

    def __init__(
        self,
        spec: Spec,
        generator: Blueprint,
        discriminator: Blueprint,
        loss: Blueprint,
        discriminators: PositiveInt = 5,
        hardness: Annotated[float, Field(ge=0)] | Literal["learned"] = 0.0,
        reward: NonNegativeFloat = 0.0,
        batches: Literal["own", "shared"] = "own",
        dropout: Literal["alike", "spread"] = "alike",
    ):
        super().__init__()
        self.G = generator(spec)
        self.D: Any = nn.ModuleList(discriminator(spec) for _ in range(discriminators))
        self.loss, self.F = loss(), Aggregate(hardness)
        self.reward, self.batches = reward, batches
        self.batches_per_step = discriminators if batches == "own" else 1
        self._check(hardness)
        if dropout == "spread":
            self._spread_dropout()

    def players(self) -> dict[str, list[nn.Module]]:
        return {"discriminator": [*self.D], "generator": [self.G, self.F]}

    def sample(self, n: int, y: Tensor | None = None) -> Tensor:
        return self.G(self.G.prior(n), y)

    def step(self, data: Iterator[Batch], t: int) -> Iterator[Move]:
        batches = [next(data) for _ in range(self.batches_per_step)]
        reals = self._each([Share(batch["x"], batch["y"] if self.conditional else None) for batch in batches])
        with torch.no_grad():
            fakes = self._fakes(reals)
        yield {"discriminator": self._discriminate(reals, fakes)}
        losses = self._losses(reals, self._fakes(reals))  # (N,)
        terms = {"adversarial": self.F(losses)}
        if isinstance(hardness := self.F.hardness(), Tensor):
            self.log(hardness=hardness)
            terms["reward"] = -self.reward * hardness
        yield {"generator": terms}

    def _discriminate(self, reals: list[Share], fakes: list[Share]) -> Terms:
        terms, logits = {}, []
        for i, (D, real, fake) in enumerate(zip(self.D, reals, fakes, strict=True)):
            logits.append((D(*real), D(*fake)))  # (M,), (M,)
            terms[f"adversarial_{i}"] = self.loss.discriminator(*logits[-1])
        real_logits, fake_logits = zip(*logits, strict=True)
        self.log(real=torch.cat(real_logits), fake=torch.cat(fake_logits))
        return terms

    def _losses(self, reals: list[Share], fakes: list[Share]) -> Tensor:
        """The generator's loss against each discriminator, (N,)."""
        losses = []
        for D, real, fake in zip(self.D, reals, fakes, strict=True):
            real_logits = D(*real) if self.loss.uses_real else None
            losses.append(self.loss.generator(real_logits, D(*fake)))
        return torch.stack(losses)

    def _fakes(self, reals: list[Share]) -> list[Share]:
        """As many for each discriminator, all made at once."""
        reals = reals[: self.batches_per_step]
        sizes = [len(real.x) for real in reals]
        y = torch.cat([real.y for real in reals if real.y is not None]) if self.conditional else None
        x = self.sample(sum(sizes), y).split(sizes)
        return self._each([Share(one, real.y) for one, real in zip(x, reals, strict=True)])

    def _each(self, shares: list[Share]) -> list[Share]:
        """What each discriminator is shown."""
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
