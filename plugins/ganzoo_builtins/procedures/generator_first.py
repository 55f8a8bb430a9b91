"""The generator moves before the discriminator."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from pydantic import PositiveInt

from ganzoo import Batch, Blueprint, Fakes, Move, Spec
from ganzoo_builtins.procedures.adversarial import Adversarial
from ganzoo_builtins.procedures.larger_generator_batch import refuse_comparisons


class GeneratorFirst(Adversarial):
    """The procedure `adversarial` with the generator's moves first, as in the code of SNGAN (arXiv:1802.05957).

    Args:
        spec: Shape, kind and classes of the samples.
        generator: Blueprint of the generator.
        discriminator: Blueprint of the discriminator.
        loss: Blueprint of the loss.
        regularizer: Blueprints of the regularizers.
        d_steps: Discriminator moves per step; 5 in the paper's experiments on CIFAR-10.
        g_steps: Generator moves per step.
        g_batch: Number of fakes in a generator move, as a multiple of the batch size; 2 in SNGAN's code.

    Raises:
        IncompatibleError: g_batch is more than 1, and the loss or a regularizer compares the generator's fakes with
            real samples.
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
        g_batch: PositiveInt = 1,
    ):
        super().__init__(spec, generator, discriminator, loss, regularizer, d_steps, g_steps)
        self.g_batch = g_batch
        refuse_comparisons(self, g_batch)

    def step(self, data: Iterator[Batch], t: int) -> Iterator[Move]:
        batch = next(data)
        for _ in range(self.g_steps):
            yield from self.generator_move(batch, self.generator_fakes(batch), t)
        for k in range(self.d_steps):
            batch = batch if k == 0 else next(data)
            with torch.no_grad():
                fakes = self.fakes(batch)
            yield from self.discriminator_move(batch, fakes, t)

    def generator_fakes(self, batch: Batch) -> Fakes:
        return self.fakes(batch, self.g_batch)
