"""Adaptive pseudo augmentation, Jiang, Dai, Wu and Loy 2021 (arXiv:2111.06849), for few samples of any kind."""

from collections.abc import Callable
from typing import Annotated

import torch
from pydantic import Field, PositiveInt
from torch import Tensor

from ganzoo import Augmentation, Batch, Comparison, IncompatibleError, Loss, Spec, Terms
from ganzoo_builtins.augmentations.controller import Controller
from ganzoo_builtins.augmentations.stochastic_augment import Probability


class APA(Augmentation):
    """Presents generated samples as real ones, more often the more the discriminator overfits.

    Each real sample is replaced with probability p, which is controlled as in `ada`; penalties and losses see the
    replaced batch as the real one. It changes no pixel, so it suits points as well as images. Replacements are newly
    generated, under the labels of the samples that they replace, which costs a pass of the generator for each batch;
    the authors' code takes fakes of the generator's last move. Of several discriminators, the p of the first decides.

    Args:
        target: The r = E sign(D(x)) that is aimed at; 0.6 in the paper.
        images: Number of real samples in which p can rise from 0 to 1; 500,000 in the paper.
        every: Moves of the discriminator from one change of p to the next.
        limit: Largest p. The paper has none, and at p = 1 the discriminator would see no real sample.
    """

    def __init__(
        self,
        target: Annotated[float, Field(ge=-1, le=1)] = 0.6,
        images: PositiveInt = 500_000,
        every: PositiveInt = 4,
        limit: Probability = 0.8,
    ):
        super().__init__()
        self.controller = Controller(target, images, every, limit)

    def check(self, spec: Spec) -> None:
        if spec.vocab:
            raise IncompatibleError("augmentation apa replaces samples of numbers, not token ids: leave it out.")

    def fit(self, loss: Loss | None) -> None:
        self.controller.fit(loss, "apa")

    def forward(self, x: Tensor) -> Tensor:
        return x

    def replace_real(self, batch: Batch, generate: Callable[[Tensor | None], Tensor]) -> Batch:
        x = batch["x"]
        fake = generate(batch.get("y"))  # (N, *shape)
        replaced = torch.rand(len(x), device=x.device) < self.controller.p
        return {**batch, "x": torch.where(replaced.view(-1, *[1] * (x.dim() - 1)), fake.to(x.dtype), x)}

    def observe(self, comparison: Comparison) -> None:
        self.controller.observe(comparison)

    def after_move(self) -> None:
        self.controller.after_move()

    def report(self) -> Terms:
        return self.controller.report("apa")
