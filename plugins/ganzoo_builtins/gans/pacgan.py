"""PacGAN, Lin, Khetan, Fanti and Oh 2018 (arXiv:1712.04086): the discriminator judges several samples at once.

A pack of m samples, all real or all fake, is laid together along the channels (of images) or numbers (of points), and
gets one logit. A generator that makes the same sample over and over is found out by a pack of two. Nothing else
changes: not the generator, not the loss, and of the discriminator only the first layer.
"""

from __future__ import annotations

from typing import Any

from PIL import Image
from pydantic import PositiveInt
from torch import Tensor

from ganzoo import Batch, Blueprint, Discriminator, IncompatibleError, Spec
from ganzoo_builtins.procedures.adversarial import Adversarial


class Packed(Discriminator):
    """Any discriminator, built for packs of `pack` samples."""

    def __init__(self, discriminator: Blueprint, spec: Spec, pack: int):
        super().__init__()
        if spec.vocab:
            raise IncompatibleError(
                "procedure pacgan packs numbers, not token ids: choose a dataset of images or points."
            )
        channels, *sides = spec.shape
        self.pack, self.shape = pack, (pack * channels, *sides)
        self.D = discriminator(Spec(self.shape, spec.classes))
        if self.D.conditional:
            raise IncompatibleError(
                "procedure pacgan: a pack has no label, and the discriminator wants one. Use networks without labels."
            )

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return self.D.features(self._packed(x))

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return self.D(self._packed(x))  # (N, C, H, W) -> (N/m,)

    def _packed(self, x: Tensor) -> Tensor:
        if len(x) % self.pack:
            raise IncompatibleError(
                f"procedure pacgan: {len(x)} samples do not make packs of {self.pack}. "
                f"Set run.batch_size={self.pack * max(1, len(x) // self.pack)}."
            )
        return x.reshape(-1, *self.shape)  # (N, C, H, W) -> (N/m, m*C, H, W)


class PacGAN(Adversarial):
    """The procedure `adversarial` with a discriminator of packs (arXiv:1712.04086, section 2).

    pack: samples in a pack; the paper's PacGAN2, 3 and 4. d_steps, g_steps: moves of each player per step; the paper's
        image experiments give the generator two.
    """

    def __init__(
        self,
        spec: Spec,
        generator: Blueprint,
        discriminator: Blueprint,
        loss: Blueprint,
        regularizer: list[Blueprint] | None = None,
        pack: PositiveInt = 2,
        d_steps: PositiveInt = 1,
        g_steps: PositiveInt = 1,
    ):
        def packed(spec: Spec) -> Discriminator:
            return Packed(discriminator, spec, pack)

        made: Any = packed  # what a blueprint is to the procedure: something that builds a network
        super().__init__(spec, generator, made, loss, regularizer, d_steps=d_steps, g_steps=g_steps)

    def panels(self, batch: Batch) -> dict[str, Image.Image]:
        """None: a discriminator of packs has no opinion on a place on the line."""
        return {}
