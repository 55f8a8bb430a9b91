"""Both players move at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from PIL import Image

from ganzoo import Batch, Blueprint, Move, Spec, TwoPlayerProcedure
from ganzoo_builtins.procedures import densities


class Simultaneous(TwoPlayerProcedure):
    """Simultaneous gradient descent: both gradients are taken before either player moves (arXiv:1705.10461).

    Both players learn from one batch of fakes, which the discriminator judges once. The updated weights are those of a
    generator that moves first and a discriminator that sees the same fakes, with half of the forward passes.
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
        yield from self.simultaneous_move(batch, self.fakes(batch), t)

    def panels(self, batch: Batch) -> Mapping[str, Image.Image]:
        return densities.panels(self, batch)
