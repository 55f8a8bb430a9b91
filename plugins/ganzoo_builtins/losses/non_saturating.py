"""The non-saturating loss of Goodfellow et al. 2014 (arXiv:1406.2661), section 3: binary cross-entropy for both."""

from typing import Annotated

import torch
from pydantic import Field, PositiveFloat
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, softplus

from ganzoo import Loss

RealLabel = Annotated[float, Field(gt=0.5, le=1.5)]
FakeLabel = Annotated[float, Field(ge=0, lt=0.5)]
Label = float | tuple[float, float]


class NonSaturating(Loss):
    """The discriminator tells real (1) from fake (0); the generator wants its fakes to be called real.

    real_label, fake_label: the discriminator's targets. One-sided label smoothing (arXiv:1606.03498, section 3.4) has
        real_label = 0.9. Two numbers are a range, from which each sample's target is drawn: soft labels, [0.7, 1.2]
        and [0.0, 0.3] in ganhacks (https://github.com/soumith/ganhacks, 6).
    flip: chance of a sample to be judged by the other kind's target, the noisy labels of ganhacks.
    d_weight: factor on the discriminator's loss. The paper adds the real and the fake term (1); PyTorch-GAN and
        pylearn2 take their mean (0.5).
    """

    def __init__(
        self,
        real_label: RealLabel | tuple[RealLabel, RealLabel] = 1.0,
        fake_label: FakeLabel | tuple[FakeLabel, FakeLabel] = 0.0,
        flip: Annotated[float, Field(ge=0, lt=0.5)] = 0.0,
        d_weight: PositiveFloat = 1.0,
    ):
        self.real_label = real_label
        self.fake_label = fake_label
        self.flip = flip
        self.d_weight = d_weight

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        for_real = binary_cross_entropy_with_logits(real, self._targets(real, self.real_label, self.fake_label))
        if self.fake_label == 0 and not self.flip:
            for_fake = softplus(fake).mean()  # -log(1 - D(G(z)))
        else:
            for_fake = binary_cross_entropy_with_logits(fake, self._targets(fake, self.fake_label, self.real_label))
        return self.d_weight * (for_real + for_fake)

    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        return softplus(-fake).mean()  # -log D(G(z))

    def _targets(self, logits: Tensor, own: Label, other: Label) -> Tensor:
        """Return a target for each logit. Targets without randomness consume no random numbers."""
        targets = _drawn(logits, own)
        if self.flip:
            targets = torch.where(torch.rand_like(logits) < self.flip, _drawn(logits, other), targets)
        return targets


def _drawn(like: Tensor, label: Label) -> Tensor:
    if isinstance(label, (int, float)):
        return torch.full_like(like, label)
    low, high = label
    return low + (high - low) * torch.rand_like(like)
