"""Adaptive discriminator augmentation, Karras et al. 2020 (arXiv:2006.06676)."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field, PositiveInt
from torch import Tensor

from ganzoo import Comparison, Loss, Terms
from ganzoo_builtins.augmentations.controller import Controller
from ganzoo_builtins.augmentations.stochastic_augment import BGC, Probability, StochasticAugment, Word


class ADA(StochasticAugment):
    """The operations of `stochastic_augment`, more often the more the discriminator overfits.

    Their probability p starts at 0, rises while r = E sign(D(x)) over real samples is above the target, and falls
    while it is below. It needs a loss whose logits have a threshold between real and fake, as that of a classifier:
    non_saturating in the paper. p and r are logged.

    Args:
        policy: The operations; see `stochastic_augment`. Leave out mirrors and rotations for letters and digits.
        target: The r that is aimed at; 0.6 in the paper.
        images: Number of real samples in which p can rise from 0 to 1: 500,000 in the paper, 100,000 in its transfer
            learning. A short run needs fewer, about a tenth of the samples that it shows.
        every: Moves of the discriminator from one change of p to the next.
        limit: Largest p. The paper's code has none, and p above 1 shows in samples.
    """

    def __init__(
        self,
        policy: Sequence[Word] = BGC,
        target: Annotated[float, Field(ge=-1, le=1)] = 0.6,
        images: PositiveInt = 500_000,
        every: PositiveInt = 4,
        limit: Probability = 0.8,
    ):
        super().__init__(policy, p=0.0)
        self.controller = Controller(target, images, every, limit)

    def probability(self) -> Tensor:
        return self.controller.p

    def fit(self, loss: Loss | None) -> None:
        self.controller.fit(loss, "ada")

    def observe(self, comparison: Comparison) -> None:
        self.controller.observe(comparison)

    def after_move(self) -> None:
        self.controller.after_move()

    def report(self) -> Terms:
        return self.controller.report("ada")
