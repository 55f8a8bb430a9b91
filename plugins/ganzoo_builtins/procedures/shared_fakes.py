"""Both players see the same fakes, one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from PIL import Image
from pydantic import PositiveInt

from ganzoo import Batch, Blueprint, Fakes, Move, Spec, TwoPlayerProcedure
from ganzoo_builtins.procedures import densities


class SharedFakes(TwoPlayerProcedure):
    """One batch of noise per step for all moves of both players, as many codes have it to generate samples only once.

    The generator's first move learns from the fakes that the discriminator is shown; its further moves generate new
    ones from the same noise. When the generator moves first, the discriminator is shown what was generated before.

    Args:
        spec: Shape, kind and classes of the samples.
        generator: Blueprint of the generator.
        discriminator: Blueprint of the discriminator.
        loss: Blueprint of the loss.
        regularizer: Blueprints of the regularizers.
        d_steps: Discriminator moves per step, each on a batch of real samples of its own.
        g_steps: Generator moves per step.
        first: Which player moves first.
        labels: Labels of fakes when the generator is conditional: those of the batch ("data"), or classes drawn with
            equal probability ("uniform"), as in the code of PyTorch-GAN's `cgan`.
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
        first: Literal["discriminator", "generator"] = "discriminator",
        labels: Literal["data", "uniform"] = "data",
        show: Literal["logits", "probabilities"] = "logits",
    ):
        super().__init__(spec, generator, discriminator, loss, regularizer, labels=labels, show=show)
        self.d_steps = d_steps
        self.g_steps = g_steps
        self.first = first
        self.batches_per_step = d_steps
        if d_steps > 1:
            self.refuse_mixed_labels(
                "shared fakes keep the labels of the first batch for every discriminator move, and {} compares samples "
                'under one label. Use procedure "adversarial", or d_steps = 1.'
            )

    def step(self, data: Iterator[Batch], t: int) -> Iterator[Move]:
        batch = next(data)
        fakes = self.fakes(batch)
        if self.first == "generator":
            yield from self.generator_moves(batch, fakes, t)
        for k in range(self.d_steps):
            batch = batch if k == 0 else next(data)
            yield from self.discriminator_move(batch, fakes, t)
        if self.first == "discriminator":
            yield from self.generator_moves(batch, fakes, t)

    def generator_moves(self, batch: Batch, fakes: Fakes, t: int) -> Iterator[Move]:
        """Yield the generator's moves: the first on these fakes, further ones on new fakes from the same noise."""
        for k in range(self.g_steps):
            if k > 0:
                fakes = fakes._replace(x=self.G(fakes.z, fakes.y))
            yield from self.generator_move(batch, fakes, t)

    def panels(self, batch: Batch) -> Mapping[str, Image.Image]:
        return densities.panels(self, batch)
