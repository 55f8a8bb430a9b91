"""The procedure of every GAN that differs from the first only in its networks, its loss or its regularizers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

import torch
from PIL import Image
from pydantic import NonNegativeFloat, PositiveInt

from ganzoo import Batch, Blueprint, Fakes, Move, Schedulable, Spec, TwoPlayerProcedure
from ganzoo_builtins.procedures import densities


class Adversarial(TwoPlayerProcedure):
    """Generative Adversarial Nets, Algorithm 1 (arXiv:1406.2661).

    Every move has new noise. The discriminator's moves have a batch of real samples each; losses and regularizers that
    compare the generator's fakes with real samples are given the last one.

    Args:
        spec: Shape, kind and classes of the samples.
        generator: Blueprint of the generator.
        discriminator: Blueprint of the discriminator.
        loss: Blueprint of the loss.
        regularizer: Blueprints of the regularizers.
        d_steps: Discriminator moves per step, the paper's k.
        g_steps: Generator moves per step.
        labels: Labels of fakes when the generator is conditional: those of the batch ("data"), or classes drawn with
            equal probability ("uniform").
        g_weight: Weight of the loss in the generator's move. With 0 the generator minimises the terms of regularizers
            alone, as in feature matching (arXiv:1606.03498, section 3.1).
        show: What is logged of the discriminator on real and fake samples: its "logits", or their sigmoids, the
            "probabilities" of a cross-entropy.
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
        labels: Literal["data", "uniform"] = "data",
        g_weight: Schedulable[NonNegativeFloat] = 1.0,
        show: Literal["logits", "probabilities"] = "logits",
    ):
        super().__init__(spec, generator, discriminator, loss, regularizer, labels, g_weight, show)
        self.d_steps = d_steps
        self.g_steps = g_steps
        self.batches_per_step = d_steps

    def step(self, data: Iterator[Batch], t: int) -> Iterator[Move]:
        for _ in range(self.discriminator_steps(t)):
            batch = next(data)
            with torch.no_grad():
                fakes = self.fakes(batch)
            yield from self.discriminator_move(batch, fakes, t)
        for _ in range(self.g_steps):
            yield from self.generator_move(batch, self.generator_fakes(batch), t)

    def discriminator_steps(self, t: int) -> int:
        """Return the number of discriminator moves in step t."""
        return self.d_steps

    def generator_fakes(self, batch: Batch) -> Fakes:
        """Generate the fakes of one generator move."""
        return self.fakes(batch)

    def panels(self, batch: Batch) -> Mapping[str, Image.Image]:
        return densities.panels(self, batch)
