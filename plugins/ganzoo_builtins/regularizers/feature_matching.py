"""Feature matching, Salimans et al. 2016 (arXiv:1606.03498), section 3.1."""

from typing import Literal

import torch
from pydantic import NonNegativeFloat, PositiveInt

from ganzoo import Comparison, Regularizer, Schedulable, Terms


class FeatureMatching(Regularizer):
    """Term weight * ||E f(x) - E f(G(z))||^2 for the generator, with the discriminator's features f.

    The paper's generator minimises only this term: set `g_weight = 0` in the procedure.

    Args:
        weight: Weight of the term; 1 in the paper.
        distance: "squared" as in the paper, or "absolute", the mean over features of the absolute difference, as in its
            code for CIFAR-10 and SVHN.
        every: Steps from one computation of the term to the next; it is multiplied by as many.
    """

    def __init__(
        self,
        weight: Schedulable[NonNegativeFloat] = 1.0,
        distance: Literal["squared", "absolute"] = "squared",
        every: PositiveInt = 1,
    ):
        self.weight = weight
        self.distance = distance
        self.every = every

    def generator_terms(self, comparison: Comparison) -> Terms:
        with torch.no_grad():
            target = comparison.features(comparison.real).mean(dim=0)  # (N, *shape) -> (width,)
        difference = comparison.features(comparison.fake).mean(dim=0) - target  # (width,)
        value = difference.square().sum() if self.distance == "squared" else difference.abs().mean()
        return {"feature_matching": self.weight * value}
