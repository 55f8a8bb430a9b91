"""Feature matching, Salimans et al. 2016 (arXiv:1606.03498), section 3.1."""

from typing import Literal

import torch
from pydantic import NonNegativeFloat, PositiveInt
from torch import Tensor

from ganzoo import Features, Regularizer, Terms


class FeatureMatching(Regularizer):
    """weight * ||E f(x) - E f(G(z))||^2 for the generator: its samples look as real ones do, on average, to features f.

    The paper's generator minimises this alone: set `g_weight = 0` in the procedure.

    weight: the paper has 1. distance: "squared" as in the paper, or "absolute", the mean over features of the absolute
    difference, as its code has for CIFAR-10 and SVHN. every: lazy regularization, see Regularizer.
    """

    def __init__(
        self,
        weight: NonNegativeFloat = 1.0,
        distance: Literal["squared", "absolute"] = "squared",
        every: PositiveInt = 1,
    ):
        self.weight = weight
        self.distance = distance
        self.every = every

    def generator_terms(self, features: Features, real: Tensor, fake: Tensor) -> Terms:
        with torch.no_grad():
            wanted = features(real).mean(dim=0)  # (N, *shape) -> (width,)
        apart = features(fake).mean(dim=0) - wanted
        value = apart.square().sum() if self.distance == "squared" else apart.abs().mean()
        return {"feature_matching": self.weight * value}
