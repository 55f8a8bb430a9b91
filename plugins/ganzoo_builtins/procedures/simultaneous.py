"""Both players move at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from PIL import Image

from ganzoo import Batch, Blueprint, Move, Spec, TwoPlayerProcedure
from ganzoo_builtins.procedures import densities


class Simultaneous(TwoPlayerProcedure):
    """Simultaneous gradient descent: both gradients are taken before either player moves (arXiv:1705.10461).

    Both players learn from one batch of fakes, which the discriminator judges once. Weights become those of a
    generator that moves first and a discriminator that is shown the same fakes, for half of the forward passes.
    """

    def __init__(
        self,
        spec: Spec,
        generator: Blueprint,
        discriminator: Blueprint,
        loss: Blueprint,
        regularizer: list[Blueprint] | None = None,
    ):
        super().__init__(spec, generator, discriminator, loss, regularizer)

    def step(self, data: Iterator[Batch], t: int) -> Iterator[Move]:
        batch = next(data)
        fakes = self.fakes(batch)
        real_logits, fake_logits = self.compare(batch, fakes)  # (N,), (N,)
        d_loss = self.loss.discriminator(real_logits, fake_logits)
        g_loss = self.loss.generator(real_logits, fake_logits)
        yield {
            "discriminator": self.discriminator_terms(d_loss, batch, fakes, t),
            "generator": self.generator_terms(g_loss, batch, fakes, t),
        }
        self.project()

    def panels(self, batch: Batch) -> Mapping[str, Image.Image]:
        return densities.panels(self, batch)
