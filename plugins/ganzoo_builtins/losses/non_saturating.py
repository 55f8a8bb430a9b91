"""The non-saturating loss of Goodfellow et al. 2014 (arXiv:1406.2661), section 3: binary cross-entropy for both."""

from typing import Annotated

import torch
from pydantic import Field, PositiveFloat
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, softplus

from ganzoo import Loss


class NonSaturating(Loss):
    """The discriminator tells real (1) from fake (0); the generator wants its fakes to be called real.

    real_label: the discriminator's target on real samples; that on fakes stays 0. One-sided label smoothing
        (arXiv:1606.03498, section 3.4) has 0.9.
    d_weight: factor on the discriminator's loss. The paper adds the real and the fake term (1); PyTorch-GAN and
        pylearn2 take their mean (0.5).
    """

    def __init__(self, real_label: Annotated[float, Field(gt=0.5, le=1)] = 1.0, d_weight: PositiveFloat = 1.0):
        self.real_label = real_label
        self.d_weight = d_weight

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        target = torch.full_like(real, self.real_label)
        return self.d_weight * (binary_cross_entropy_with_logits(real, target) + softplus(fake).mean())

    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        return softplus(-fake).mean()  # -log D(G(z))
