"""Two players in turn: the procedure of every GAN that differs from the first only in networks, loss or penalty."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Annotated, Literal, NamedTuple

import torch
from PIL import Image
from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveInt
from torch import Tensor, nn

from ganzoo import Batch, Blueprint, Loss, Move, Procedure, Regularizer, Spec, Terms
from ganzoo_builtins.procedures import agreement, densities
from ganzoo_builtins.procedures.replay import Replay


class Fakes(NamedTuple):
    """Generated samples x (N, *shape) for labels y (N,) from noise z (N, z_dim)."""

    x: Tensor
    y: Tensor | None
    z: Tensor


class Adversarial(Procedure):
    """Generative Adversarial Nets, Algorithm 1 (arXiv:1406.2661), with its choices as settings.

    d_steps: discriminator moves per step, the paper's k, each on a batch of its own. g_steps: generator moves per step.
    fakes: "fresh" draws new noise for every move, as Algorithm 1 does; "shared" draws once per step, so that both
        players see the same samples and the generator's further moves start from the same noise.
    first: who moves first. With shared fakes and the generator first, the discriminator is shown what the generator
        made before it moved.
    updates: "alternating", or "simultaneous": both gradients are taken before either player moves, on one batch of
        fakes that the discriminator judges once; leave `fakes` and `first` out then.
    labels: what a conditional generator is asked for: the labels of the batch ("data"), or any class with the same
        chance ("uniform").
    g_weight: weight of the loss in the generator's move; 0 leaves it to the terms of regularizers alone.
    d_batches: "separate" judges real and fake samples one batch after the other, so that batch norm has statistics of
        either kind; "joint" judges them as one batch in the discriminator's moves.
    replay: how many earlier fakes are kept for the discriminator to meet again, 0 for none. replay_share: the chance of
        a fake to change places with one of them, once there are so many.
    d_burst: discriminator moves in each of the first `burst_first` steps and in every `burst_every`-th one, in place of
        d_steps; 0 for none. WGAN's code has 100, 25 and 500.
    g_batch: how many times as many fakes as a batch has the generator's moves are judged on.
    d_pretrain: steps at the beginning in which the discriminator moves alone.
    show: what is logged of the discriminator on real and on fake samples beside the losses: the mean of its "logits",
        or of their sigmoids, the "probabilities" that a cross-entropy is about.
    Errors: IncompatibleError for combinations that make no sense.
    """

    def __init__(
        self,
        spec: Spec,
        generator: Blueprint,
        discriminator: Blueprint,
        loss: Blueprint,
        regularizer: list[Blueprint] | None = None,
        d_steps: PositiveInt = 1,
        g_steps: PositiveInt = 1,
        fakes: Literal["fresh", "shared"] = "fresh",
        first: Literal["discriminator", "generator"] = "discriminator",
        updates: Literal["alternating", "simultaneous"] = "alternating",
        labels: Literal["data", "uniform"] = "data",
        g_weight: NonNegativeFloat = 1.0,
        d_batches: Literal["separate", "joint"] = "separate",
        replay: NonNegativeInt = 0,
        replay_share: Annotated[float, Field(ge=0, le=1)] = 0.5,
        d_burst: NonNegativeInt = 0,
        burst_first: NonNegativeInt = 25,
        burst_every: PositiveInt = 500,
        g_batch: PositiveInt = 1,
        d_pretrain: NonNegativeInt = 0,
        show: Literal["logits", "probabilities"] = "logits",
    ):
        super().__init__()
        self.G, self.D = generator(spec), discriminator(spec)
        self.loss = loss()
        self.regularizers: list[Regularizer] = [one() for one in regularizer or []]
        self.with_state = nn.ModuleList(one for one in self.regularizers if isinstance(one, nn.Module))
        self.shape, self.classes, self.batches_per_step = spec.shape, spec.classes, d_steps
        self.d_steps, self.g_steps = d_steps, g_steps
        self.fakes, self.first, self.updates, self.labels = fakes, first, updates, labels
        self.g_weight, self.d_batches = g_weight, d_batches
        self.replay = Replay(spec, replay, replay_share) if replay else None
        self.d_burst, self.burst_first, self.burst_every = d_burst, burst_first, burst_every
        self.g_batch = g_batch
        self.d_pretrain, self.show = d_pretrain, show
        agreement.check_settings(self)
        for one in self.regularizers:
            one.attach(self.D, self.G)
        agreement.check_regularizers(self)

    def players(self) -> dict[str, list[nn.Module]]:
        return {"discriminator": [self.D], "generator": [self.G]}

    def sample(self, n: int, y: Tensor | None = None) -> Tensor:
        return self.G(self.G.prior(n), y)

    def panels(self, batch: Batch) -> Mapping[str, Image.Image]:
        """For samples of one number, what the paper's figure 1 shows."""
        if self.shape != (1,) or self.conditional:
            return {}
        fake = self.sample(len(batch["x"]))  # (N, 1)
        return {"densities": densities.draw(batch["x"], fake, self.D)} if fake.isfinite().all() else {}

    def step(self, data: Iterator[Batch], t: int) -> Iterator[Move]:
        batch, alone = next(data), t < self.d_pretrain
        if self.updates == "simultaneous" and not alone:
            yield from self._together(batch, t)
            return
        shared = self._make(batch) if self.fakes == "shared" else None
        if self.first == "generator" and not alone:
            yield from self._generate(batch, shared, t)
        for k in range(self._moves(t)):
            batch = batch if k == 0 else next(data)
            yield from self._discriminate(batch, shared, t)
        if self.first == "discriminator" and not alone:
            yield from self._generate(batch, shared, t)

    def _moves(self, t: int) -> int:
        """Discriminator moves in step t."""
        burst = self.d_burst and (t < self.burst_first or t % self.burst_every == 0)
        return self.d_burst if burst else self.d_steps

    def _discriminate(self, batch: Batch, shared: Fakes | None, t: int) -> Iterator[Move]:
        with torch.no_grad():
            fake = shared or self._make(batch)
        x_fake, y_fake = fake.x.detach(), fake.y
        if self.replay:
            x_fake, y_fake = self.replay(x_fake, y_fake)
        real_logits, fake_logits = self._compare(batch, x_fake, y_fake)  # (N,), (N,)
        adversarial = self.loss.discriminator(real_logits, fake_logits)
        yield {"discriminator": self._penalised(adversarial, batch, x_fake, t)}
        self._project()

    def _generate(self, batch: Batch, shared: Fakes | None, t: int) -> Iterator[Move]:
        for k in range(self.g_steps):
            fake = shared or self._make(batch, self.g_batch)
            if shared and k > 0:  # the generator has moved since they were made
                fake = shared._replace(x=self.G(shared.z, shared.y))
            adversarial = None
            if self.g_weight:
                real_logits = self._judge(batch) if self.loss.uses_real else None
                adversarial = self.g_weight * self.loss.generator(real_logits, self.D(fake.x, fake.y))
            yield {"generator": self._helped(adversarial, batch, fake, t)}

    def _together(self, batch: Batch, t: int) -> Iterator[Move]:
        fake = self._make(batch)
        real_logits, fake_logits = self._compare(batch, fake.x, fake.y)  # (N,), (N,)
        d_loss = self.loss.discriminator(real_logits, fake_logits)
        g_loss = self.g_weight * self.loss.generator(real_logits, fake_logits) if self.g_weight else None
        yield {
            "discriminator": self._penalised(d_loss, batch, fake.x.detach(), t),
            "generator": self._helped(g_loss, batch, fake, t),
        }
        self._project()

    def _make(self, batch: Batch, times: int = 1) -> Fakes:
        """As many fakes as the batch is long, or several times as many; a conditional generator is asked for labels."""
        z = self.G.prior(times * len(batch["x"]))  # (N, z_dim)
        y = None
        if self.G.conditional:
            y = batch["y"].repeat(times)  # (N,)
            y = torch.randint_like(y, self.classes) if self.labels == "uniform" else y
        return Fakes(self.G(z, y), y, z)

    def _compare(self, batch: Batch, x_fake: Tensor, y_fake: Tensor | None) -> tuple[Tensor, Tensor]:
        """Logits (N,) of the real samples and of the fakes."""
        if self.d_batches == "joint":
            y = torch.cat([batch["y"], y_fake]) if y_fake is not None else None  # (2N,)
            real, fake = self.D(torch.cat([batch["x"], x_fake]), y).split([len(batch["x"]), len(x_fake)])
        else:
            real, fake = self._judge(batch), self.D(x_fake, y_fake)
        self._show(real, fake)
        return real, fake

    def _judge(self, batch: Batch) -> Tensor:
        """Real samples -> logits (N,)."""
        return self.D(batch["x"], batch["y"] if self.G.conditional else None)

    def _show(self, real: Tensor, fake: Tensor) -> None:
        logits = self.show == "logits"
        self.log(real=real if logits else real.sigmoid(), fake=fake if logits else fake.sigmoid())
        if isinstance(self.loss, Loss):  # one of a stranger may do without the base class, and then reports nothing
            self.log(**self.loss.report(real, fake))

    def _penalised(self, adversarial: Tensor, batch: Batch, fake: Tensor, t: int) -> dict[str, Tensor]:
        """The discriminator's loss and every regularizer's terms."""
        critic = partial(self.D, y=batch["y"]) if self.G.conditional else self.D
        return self._summed(adversarial, t, lambda one: one.terms(critic, batch["x"], fake))

    def _helped(self, adversarial: Tensor | None, batch: Batch, fake: Fakes, t: int) -> dict[str, Tensor]:
        """The generator's loss, if it has weight, and every regularizer's terms."""
        features = partial(self.D.features, y=fake.y)
        return self._summed(adversarial, t, lambda one: one.generator_terms(features, batch["x"], fake.x))

    def _summed(
        self, adversarial: Tensor | None, t: int, terms_of: Callable[[Regularizer], Terms]
    ) -> dict[str, Tensor]:
        """Terms are computed lazily: `every` steps, times `every` (StyleGAN2, arXiv:1912.04958).

        A second regularizer of a class has a 2 behind its terms' names. Terms still of one name add up: none is lost.
        """
        terms: dict[str, Tensor] = {} if adversarial is None else {"adversarial": adversarial}
        for k, one in enumerate(self.regularizers):
            if t % one.every == 0:
                before = sum(type(other) is type(one) for other in self.regularizers[:k])
                for name, term in terms_of(one).items():
                    name = f"{name}_{before + 1}" if before else name
                    terms[name] = terms.get(name, 0) + one.every * term
        return terms

    def _project(self) -> None:
        for one in self.regularizers:
            one.project(self.D)
