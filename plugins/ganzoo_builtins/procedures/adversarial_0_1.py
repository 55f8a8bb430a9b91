"""The procedure `adversarial` of ganzoo 0.1, for combinations of its settings that no procedure has today.

Tables of that version are rewritten by upgrade.py: to the procedure that does the same today, or to this one. Both are
removed in ganzoo 0.3.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

import torch
from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveInt
from torch import Tensor

from ganzoo import Batch, Blueprint, Fakes, IncompatibleError, Move, Spec
from ganzoo_builtins.procedures.adversarial import Adversarial
from ganzoo_builtins.procedures.larger_generator_batch import refuse_comparisons
from ganzoo_builtins.procedures.replay import Pool


class Adversarial01(Adversarial):
    """The procedure `adversarial` of ganzoo 0.1, with all of its settings.

    Args:
        spec: Shape, kind and classes of the samples.
        generator: Blueprint of the generator.
        discriminator: Blueprint of the discriminator.
        loss: Blueprint of the loss.
        regularizer: Blueprints of the regularizers.
        d_steps: Discriminator moves per step.
        g_steps: Generator moves per step.
        fakes: New noise for every move ("fresh"), or one batch of noise per step ("shared").
        first: Which player moves first.
        updates: Players move in turn ("alternating") or both at once ("simultaneous").
        labels: Labels of fakes: those of the batch ("data"), or drawn with equal probability ("uniform").
        g_weight: Weight of the loss in the generator's move.
        d_batches: Judge real samples and fakes in two batches ("separate") or in one ("joint").
        replay: Number of earlier fakes in a pool for the discriminator, or 0.
        replay_share: Probability of a fake to change places with one in the pool.
        d_burst: Discriminator moves in each step of a burst, or 0 for no bursts.
        burst_first: Number of steps at the beginning that are bursts.
        burst_every: Number of steps from one later burst to the next.
        g_batch: Number of fakes in a generator move, as a multiple of the batch size.
        d_pretrain: Number of steps at the beginning in which the discriminator moves alone.
        show: What is logged of the discriminator: "logits" or "probabilities".

    Raises:
        IncompatibleError: Settings that contradict each other.
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
        super().__init__(spec, generator, discriminator, loss, regularizer, d_steps, g_steps, labels, g_weight, show)
        self.shared = fakes == "shared"
        self.first = first
        self.simultaneous = updates == "simultaneous"
        self.d_batches = d_batches
        self.replay = Pool(spec, replay, replay_share) if replay else None
        self.d_burst = d_burst
        self.burst_first = burst_first
        self.burst_every = burst_every
        self.g_batch = g_batch
        self.d_pretrain = d_pretrain
        self._check()

    def step(self, data: Iterator[Batch], t: int) -> Iterator[Move]:
        batch = next(data)
        alone = t < self.d_pretrain
        if self.simultaneous and not alone:
            yield from self.simultaneous_move(batch, self.fakes(batch), t)
            return
        shared = self.fakes(batch) if self.shared else None
        if self.first == "generator" and not alone:
            yield from self._generator_moves(batch, shared, t)
        for k in range(self.discriminator_steps(t)):
            batch = batch if k == 0 else next(data)
            with torch.no_grad():
                fakes = shared or self.fakes(batch)
            yield from self.discriminator_move(batch, self.replay(fakes) if self.replay else fakes, t)
        if self.first == "discriminator" and not alone:
            yield from self._generator_moves(batch, shared, t)

    def discriminator_steps(self, t: int) -> int:
        burst = self.d_burst and (t < self.burst_first or t % self.burst_every == 0)
        return self.d_burst if burst else self.d_steps

    def compare(self, batch: Batch, fakes: Fakes) -> tuple[Tensor, Tensor]:
        if self.d_batches == "separate":
            return super().compare(batch, fakes)
        y = torch.cat([batch["y"], fakes.y]) if fakes.y is not None else None  # (2N,)
        logits = self.D(torch.cat([batch["x"], fakes.x]), y)  # (2N,)
        real_logits, fake_logits = logits.split([len(batch["x"]), len(fakes.x)])
        self.log_logits(real_logits, fake_logits)
        return real_logits, fake_logits

    def _generator_moves(self, batch: Batch, shared: Fakes | None, t: int) -> Iterator[Move]:
        for k in range(self.g_steps):
            fakes = shared or self.fakes(batch, self.g_batch)
            if shared and k > 0:
                fakes = shared._replace(x=self.G(shared.z, shared.y))
            yield from self.generator_move(batch, fakes, t)

    def _check(self) -> None:
        turns = (self.d_steps, self.g_steps, self.first, self.d_burst, self.g_batch)
        if self.simultaneous and (self.shared or self.replay or turns != (1, 1, "discriminator", 0, 1)):
            raise IncompatibleError(
                'updates = "simultaneous" takes one move of each player on one batch of fakes: leave d_steps, g_steps, '
                "fakes, first, d_burst, g_batch and replay out."
            )
        if self.g_batch > 1 and self.shared:
            raise IncompatibleError('g_batch makes more fakes for the generator alone: use fakes = "fresh".')
        refuse_comparisons(self, self.g_batch)
        if self.replay or (self.shared and self.d_steps > 1):
            self.refuse_mixed_labels(
                "replay and shared fakes have other labels than the batch, and {} compares samples under one label. "
                "Leave one of them out."
            )
