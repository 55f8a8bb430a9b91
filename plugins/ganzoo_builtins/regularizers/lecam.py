"""LeCam regularization, Tseng, Jiang, Liu, Yang and Yang 2021 (arXiv:2104.03310), for few samples of any kind."""

from typing import Annotated

import torch
from pydantic import Field, NonNegativeFloat, NonNegativeInt
from torch import Tensor, nn

from ganzoo import Comparison, Regularizer, Schedulable, Terms


class LeCam(Regularizer, nn.Module):
    """Penalty weight * (E [D(x) - a_fake]+^2 + E [a_real - D(G(z))]+^2), with running means a of the logits.

    It keeps the logits of real samples from rising above those that fakes had, and those of fakes from falling below
    those that real samples had. The ramps [.]+ are those of the authors' code; the paper's formula has none.

    Args:
        weight: The paper's lambda: 0.3 with the hinge loss, whose logits are near 1. Logits of the non-saturating loss
            grow much larger; with StyleGAN2, the authors' weights are 1e-6 and below.
        decay: Decay of the running means for each move of the discriminator; plain means as long as those are shorter.
        start: Step of the first penalty; 1,000 in the authors' BigGAN. Before it, the means are those of the last move.
    """

    real_mean: Tensor
    fake_mean: Tensor
    moves: Tensor

    def __init__(
        self,
        weight: Schedulable[NonNegativeFloat] = 0.3,
        decay: Annotated[float, Field(ge=0, lt=1)] = 0.99,
        start: NonNegativeInt = 0,
    ):
        super().__init__()
        self.weight = weight
        self.decay = decay
        self.start = start
        for name in ("real_mean", "fake_mean", "moves"):
            self.register_buffer(name, torch.tensor(0.0))

    def terms(self, comparison: Comparison) -> Terms:
        real, fake = (logits.float() for logits in comparison.logits())  # (N,), (N,)
        self._average(comparison, real, fake)
        if comparison.step < self.start:
            return {}
        above = (real - self.fake_mean).relu().square().mean()
        below = (self.real_mean - fake).relu().square().mean()
        return {"lecam": self.weight * (above + below)}

    @torch.no_grad()
    def _average(self, comparison: Comparison, real: Tensor, fake: Tensor) -> None:
        means = comparison.over_processes(torch.stack([real.mean(), fake.mean()]))
        self.moves += 1
        share = (1 / self.moves).clamp(min=1 - self.decay) if comparison.step >= self.start else 1
        for mean, new in zip((self.real_mean, self.fake_mean), means, strict=True):
            mean.copy_(mean + share * (new - mean))
