"""The base class of GANs in which one generator plays against one discriminator."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor, nn

from ganzoo.config.component import Blueprint
from ganzoo.errors import IncompatibleError
from ganzoo.interfaces import Batch, Discriminator, Generator, Loss, Move, Spec
from ganzoo.procedure import Procedure
from ganzoo.registry.versions import deprecated
from ganzoo.regularizer import Comparison, Regularizer, Regularizers

Logits = tuple[Tensor | None, Tensor | None]
"""Logits (N,) of real samples and of fakes, each None where a move has not computed them."""


class Fakes(NamedTuple):
    """Generated samples, with what they were generated from.

    Attributes:
        x: Samples (N, *shape).
        y: Labels (N,) that a conditional generator was given, otherwise None.
        z: Noise (N, z_dim).
    """

    x: Tensor
    y: Tensor | None
    z: Tensor


class TwoPlayerProcedure(Procedure):
    """A generator against a discriminator, under a loss and any number of regularizers.

    A subclass writes step(), usually out of discriminator_move() and generator_move(), or out of simultaneous_move();
    each yields one move. The other methods are hooks: fakes() generates samples, compare() judges them beside real
    ones, and discriminator_terms() and generator_terms() return what a player minimises. A procedure with terms of its
    own leaves out `loss`, and uses the networks, `regularizers`, comparison(), players() and sample().

    Args:
        spec: What the networks must fit.
        generator: Builds the generator, which needs a prior.
        discriminator: Builds the discriminator, conditional if and only if the generator is, unless the procedure
            `classifies`.
        loss: Builds the loss of both players.
        regularizer: Builds the regularizers.
        labels: Labels of fakes when the generator is conditional: those of the batch ("data"), or classes drawn with
            equal probability ("uniform").
        g_weight: Weight of the loss in the generator's move. With 0 the generator minimises the terms of regularizers
            alone.
        show: What is logged of the discriminator on real and fake samples: its "logits", or their sigmoids, the
            "probabilities" of a cross-entropy.

    Attributes:
        G: The generator.
        D: The discriminator.
        loss: The loss; not set when `loss` is left out.
        regularizers: The regularizers, attached to both networks.
        spec: What the networks fit.

    Raises:
        IncompatibleError: The generator has no prior, one network alone is conditional, labels are not used, or a
            regularizer does not suit the discriminator or the other settings.
    """

    takes_labels: bool = True
    """False for a procedure that has no use for labels: conditional networks are then refused."""
    classifies: bool = False
    """True for a procedure whose discriminator predicts labels: the generator alone is then conditional."""

    G: Generator
    D: Discriminator
    loss: Loss

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        for name in ("discriminator_terms", "generator_terms"):
            method = vars(cls).get(name)
            if inspect.isfunction(method) and "logits" not in inspect.signature(method).parameters:
                setattr(cls, name, _without_logits(method))

    def __init__(
        self,
        spec: Spec,
        generator: Blueprint,
        discriminator: Blueprint,
        loss: Blueprint | None = None,
        regularizer: list[Blueprint] | None = None,
        labels: Literal["data", "uniform"] = "data",
        g_weight: float = 1.0,
        show: Literal["logits", "probabilities"] = "logits",
    ):
        super().__init__()
        self.spec = spec
        self.G = generator(spec)
        self.D = self.build_discriminator(discriminator)
        if loss is not None:
            self.loss = loss()
        self.labels = labels
        self.g_weight = g_weight
        self.show = show
        self._check_networks()
        self.with_state = Regularizers(regularizer, self.D, self.G, spec)  # its name in checkpoints since ganzoo 0.1
        self._check_regularizers()

    def build_discriminator(self, blueprint: Blueprint) -> Discriminator:
        """Build the discriminator; a procedure that adds layers to it, such as a second head, overrides this.

        It is called before regularizers are attached, which treat added layers like all others. `self.spec` and
        `self.G` are set.

        Args:
            blueprint: Builds the discriminator of the recipe.

        Returns:
            The discriminator.
        """
        discriminator: Discriminator = blueprint(self.spec)
        return discriminator

    @property
    def regularizers(self) -> Regularizers:
        """The regularizers, attached to both networks."""
        return self.with_state

    def players(self) -> dict[str, list[nn.Module]]:
        """Return the players "discriminator" and "generator"."""
        return {"discriminator": [self.D], "generator": [self.G]}

    def sample(self, n: int, y: Tensor | None = None) -> Tensor:
        """Generate samples from the generator's prior: labels y (n,) when conditional -> (n, *shape)."""
        x: Tensor = self.G(self.G.prior(n), y)
        return x

    def discriminator_move(self, batch: Batch, fakes: Fakes, t: int) -> Iterator[Move]:
        """Yield one move of the discriminator on real samples and on as many fakes.

        Args:
            batch: Real samples, with their labels.
            fakes: Generated samples; no gradient reaches the generator through them.
            t: The step, which decides what lazy regularizers do.

        Yields:
            The move, after which regularizers project the weights.
        """
        fakes = fakes._replace(x=fakes.x.detach())
        real_logits, fake_logits = self.compare(batch, fakes)  # (N,), (N,)
        adversarial = self.loss.discriminator(real_logits, fake_logits)
        yield {"discriminator": self.discriminator_terms(adversarial, batch, fakes, t, (real_logits, fake_logits))}
        self.project()

    def generator_move(self, batch: Batch, fakes: Fakes, t: int) -> Iterator[Move]:
        """Yield one move of the generator.

        Args:
            batch: Real samples, which relativistic losses and some regularizers compare fakes with.
            fakes: Generated samples with the graph that leads to the generator.
            t: The step, which decides what lazy regularizers do.

        Yields:
            The move.
        """
        adversarial = real_logits = fake_logits = None
        if self.g_weight:
            real_logits = self.judge_real(batch) if self.loss.uses_real else None
            fake_logits = self.D(fakes.x, fakes.y)
            adversarial = self.g_weight * self.loss.generator(real_logits, fake_logits)
        yield {"generator": self.generator_terms(adversarial, batch, fakes, t, (real_logits, fake_logits))}

    def simultaneous_move(self, batch: Batch, fakes: Fakes, t: int) -> Iterator[Move]:
        """Yield one move of both players at once, whose gradients are computed before either is updated.

        Both learn from the same logits, so the discriminator judges the fakes only once.

        Args:
            batch: Real samples, with their labels.
            fakes: Generated samples with the graph that leads to the generator.
            t: The step, which decides what lazy regularizers do.

        Yields:
            The move, after which regularizers project the weights.
        """
        real_logits, fake_logits = self.compare(batch, fakes)  # (N,), (N,)
        d_loss = self.loss.discriminator(real_logits, fake_logits)
        g_loss = self.g_weight * self.loss.generator(real_logits, fake_logits) if self.g_weight else None
        yield {
            "discriminator": self.discriminator_terms(d_loss, batch, fakes, t, (real_logits, fake_logits)),
            "generator": self.generator_terms(g_loss, batch, fakes, t, (real_logits, fake_logits)),
        }
        self.project()

    def fakes(self, batch: Batch, times: int = 1) -> Fakes:
        """Generate fakes from new noise.

        Args:
            batch: The real samples whose number, and labels when conditional, the fakes have.
            times: How many fakes to generate for each real sample.

        Returns:
            The fakes, times * N of them.
        """
        z = self.G.prior(times * len(batch["x"]))  # (N, z_dim)
        y = None
        if self.G.conditional:
            y = batch["y"].repeat(times)  # (N,)
            y = torch.randint_like(y, self.spec.classes) if self.labels == "uniform" else y
        return Fakes(self.G(z, y), y, z)

    def compare(self, batch: Batch, fakes: Fakes) -> tuple[Tensor, Tensor]:
        """Return the logits (N,) of real samples and of fakes, judged in batches of their own, and log them."""
        real_logits = self.judge_real(batch)
        fake_logits = self.D(fakes.x, fakes.y)
        self.log_logits(real_logits, fake_logits)
        return real_logits, fake_logits

    def judge_real(self, batch: Batch) -> Tensor:
        """Return the logits (N,) of the real samples of a batch."""
        logits: Tensor = self.D(batch["x"], batch["y"] if self.D.conditional else None)
        return logits

    def log_logits(self, real: Tensor, fake: Tensor) -> None:
        """Log the discriminator's logits (N,), or their sigmoids, and what the loss reports of them."""
        logits = self.show == "logits"
        self.log(real=real if logits else real.sigmoid(), fake=fake if logits else fake.sigmoid())
        if isinstance(self.loss, Loss):  # one that does not derive from the base class reports nothing
            self.log(**self.loss.report(real, fake))

    def discriminator_terms(
        self, adversarial: Tensor, batch: Batch, fakes: Fakes, t: int, logits: Logits = (None, None)
    ) -> dict[str, Tensor]:
        """Return what the discriminator minimises: its loss, and the penalties of the regularizers of step t.

        Args:
            adversarial: The loss, a scalar.
            batch: Real samples, with their labels.
            fakes: Generated samples.
            t: The step.
            logits: Logits (N,) of real samples and of fakes as far as they are known, which regularizers may use.

        Returns:
            Scalars by name.
        """
        comparison = self.comparison(batch, fakes._replace(x=fakes.x.detach()), t, logits)
        return self.regularizers.terms(comparison, {"adversarial": adversarial})

    def generator_terms(
        self, adversarial: Tensor | None, batch: Batch, fakes: Fakes, t: int, logits: Logits = (None, None)
    ) -> dict[str, Tensor]:
        """Return what the generator minimises: its loss, if it has weight, and the regularizers' terms of step t.

        Args:
            adversarial: The loss, a scalar; None without one.
            batch: Real samples, with their labels.
            fakes: Generated samples.
            t: The step.
            logits: Logits (N,) of real samples and of fakes as far as they are known, which regularizers may use.

        Returns:
            Scalars by name.
        """
        own = {} if adversarial is None else {"adversarial": adversarial}
        return self.regularizers.generator_terms(self.comparison(batch, fakes, t, logits), own)

    def comparison(self, batch: Batch, fakes: Fakes, t: int, logits: Logits = (None, None)) -> Comparison:
        """Return what regularizers are handed in a move.

        Args:
            batch: Real samples, with their labels.
            fakes: Generated samples.
            t: The step.
            logits: Logits (N,) of real samples and of fakes as far as they are known.

        Returns:
            Both kinds of samples as the discriminator sees them.
        """
        return Comparison.of(
            self.D,
            self.G,
            batch["x"],
            fakes.x,
            real_labels=batch["y"] if self.D.conditional else None,
            fake_labels=fakes.y,
            real_logits=logits[0],
            fake_logits=logits[1],
            source=fakes.z,
            step=t,
            over_processes=self.over_processes,
        )

    def project(self) -> None:
        """Let every regularizer change the discriminator's weights in place, as after each of its moves."""
        self.regularizers.project()

    def helpers(self) -> list[Regularizer]:
        """Return the regularizers that have terms in the generator's move."""
        return self.regularizers.for_generator()

    def refuse_mixed_labels(self, reason: str) -> None:
        """Refuse penalties at each sample when fakes have other labels than the real samples beside them.

        Args:
            reason: Where other labels come from, and what to set instead; "{}" stands for the regularizer.

        Raises:
            IncompatibleError: The discriminator is conditional and a regularizer compares samples one by one.
        """
        for item in self.regularizers:
            if self.D.conditional and item.per_sample:
                raise IncompatibleError(reason.format(type(item).__name__))

    def _check_networks(self) -> None:
        """Refuse networks that do not suit each other, before regularizers change them."""
        if not self.G.z_dim:
            raise IncompatibleError(
                "the generator translates samples and draws from no noise: use it in a procedure that translates, or "
                "use another generator."
            )
        if not self.takes_labels and (self.G.conditional or self.D.conditional):
            network = "generator" if self.G.conditional else "discriminator"
            raise IncompatibleError(
                f"procedure {type(self).__name__} has no labels to give, and the {network} needs them: use networks "
                "that are not conditional, such as mlp."
            )
        if self.classifies:
            self._check_classes()
        elif self.G.conditional != self.D.conditional:
            one, other = ("generator", "discriminator") if self.G.conditional else ("discriminator", "generator")
            raise IncompatibleError(
                f"the {one} is conditional on labels and the {other} is not, so that nobody would enforce them. "
                "Use a conditional network for both, or for neither."
            )

    def _check_classes(self) -> None:
        """Refuse networks that do not suit a discriminator which predicts labels."""
        name = type(self).__name__
        if self.D.conditional:
            raise IncompatibleError(
                f"procedure {name} has the discriminator predict labels, and this one is given them: use one that is "
                'not conditional, such as by discriminator.condition="none".'
            )
        if not self.G.conditional:
            raise IncompatibleError(
                f"procedure {name} needs a generator that takes labels, and this one does not: use a conditional one, "
                'such as by generator.condition="batch_norm".'
            )

    def _check_regularizers(self) -> None:
        """Refuse regularizers that do not suit the networks as they are once all of them are attached."""
        if not self.g_weight and not any(item.every == 1 for item in self.helpers()):
            raise IncompatibleError(
                "g_weight = 0 leaves the generator with the terms of regularizers, and there is none at every step: "
                'add one such as [[regularizer]] use = "feature_matching", or regularizer+=feature_matching.'
            )
        if self.labels == "uniform":
            self.refuse_mixed_labels(
                'labels = "uniform" pairs the fakes with other labels than the batch, and {} compares samples under '
                'one label. Use labels = "data".'
            )


def _without_logits(method: Callable[..., dict[str, Tensor]]) -> Callable[..., dict[str, Tensor]]:
    """Wrap an override that was written for ganzoo 0.1, which handed it no logits."""

    @functools.wraps(method)
    def call(self: TwoPlayerProcedure, adversarial: Any, batch: Batch, fakes: Fakes, t: int, logits: Any = None) -> Any:
        deprecated(
            f"{type(self).__name__}.{method.__name__}() takes the logits of the move as its last argument now: add "
            "`logits=(None, None)`, and hand it on. Without it, it goes in ganzoo 0.3: see docs/procedures.md"
        )
        return method(self, adversarial, batch, fakes, t)

    return call
