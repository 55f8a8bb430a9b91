"""Image-to-image translation from pairs: pix2pix, denoising, colourisation, inpainting, sharpening."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import torch
from pydantic import NonNegativeFloat
from torch import Tensor, nn
from torch.nn.functional import interpolate

from ganzoo import Batch, Blueprint, Comparison, Move, Schedulable, Spec
from ganzoo_builtins.procedures.translating import AdversarialTranslator

DISTANCES = {"l1": nn.functional.l1_loss, "l2": nn.functional.mse_loss}


class Translation(AdversarialTranslator):
    """Image-to-Image Translation with Conditional Adversarial Networks (arXiv:1611.07004), section 3.1.

        G* = arg min_G max_D  E log D(a, b) + E log(1 - D(a, G(a)))  +  weight * E |b - G(a)|

    The discriminator moves, then the generator, on one batch; a is the input and b the truth. Inputs come from the
    table [transform], or from a dataset of pairs.

    Args:
        spec: Shape, kind and classes of the samples.
        generator: Blueprint of the generator.
        discriminator: Blueprint of the discriminator.
        loss: Blueprint of the loss.
        regularizer: Blueprints of the regularizers. Penalties are on the gradient in the output, for a fixed input.
        transform: Blueprint of the transform that makes inputs out of samples; None for a dataset of pairs.
        weight: Weight of the distance between output and truth; 100 in the paper.
        distance: "l1", which blurs less, or "l2".
        judged: Input of the discriminator: "pairs" of input and output, or "outputs" alone, the paper's ablation, where
            only the distance asks for an output that belongs to its input.

    Raises:
        IncompatibleError: The generator has a prior or does not fit the inputs, or a network is conditional.
    """

    def __init__(
        self,
        spec: Spec,
        generator: Blueprint,
        discriminator: Blueprint,
        loss: Blueprint,
        regularizer: list[Blueprint] | None = None,
        transform: Blueprint | None = None,
        weight: Schedulable[NonNegativeFloat] = 100.0,
        distance: Literal["l1", "l2"] = "l1",
        judged: Literal["pairs", "outputs"] = "pairs",
    ):
        super().__init__(spec, transform)
        self.G = self.make(generator)
        channels = spec.shape[0] + (self.source.shape[0] if judged == "pairs" else 0)
        shown = Spec((channels, *spec.shape[1:]), spec.classes)
        self.D = discriminator(shown)
        self.loss = loss()
        self.weight = weight
        self.distance = distance
        self.judged = judged
        self.finish("translation", regularizer, shown)

    def step(self, data: Iterator[Batch], t: int) -> Iterator[Move]:
        a, b = self.pairs(next(data))
        fake = self.G(a)  # both players see the same outputs, whatever dropout there was
        yield self.discriminator_move(a, b, fake, t)
        self.regularizers.project()
        real, judged = self.judge(a, b) if self.loss.uses_real else None, self.judge(a, fake)
        comparison = self.comparison(a, b, fake, t, real_logits=real, fake_logits=judged)
        own = {
            "adversarial": self.loss.generator(real, judged),
            self.distance: self.weight * DISTANCES[self.distance](fake, b),
        }
        yield {"generator": self.regularizers.generator_terms(comparison, own)}

    def judge(self, a: Tensor, b: Tensor) -> Tensor:
        logits: Tensor = self.D(self._shown(a, b))
        return logits

    def comparison(self, a: Tensor, b: Tensor, fake: Tensor, t: int, **more: Any) -> Comparison:
        def features(x: Tensor) -> Tensor:
            return self.D.features(self._shown(a, x))

        more = {
            "judge": lambda x: self.judge(a, x),
            "features": features,
            "layer_features": lambda x: self.D.layer_features(self._shown(a, x)),
            **more,
        }
        return super().comparison(a, b, fake, t, **more)

    def _shown(self, a: Tensor, b: Tensor) -> Tensor:
        """Return what the discriminator sees of inputs (N, c, h, w) with outputs (N, C, H, W)."""
        if self.judged == "outputs":
            return b
        if a.shape[2:] != b.shape[2:]:
            a = interpolate(a, b.shape[2:])
        return torch.cat([a, b], dim=1)  # -> (N, c + C, H, W)
