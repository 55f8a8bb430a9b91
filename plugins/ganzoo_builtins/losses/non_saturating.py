"""The non-saturating loss of Goodfellow et al. 2014 (arXiv:1406.2661), section 3: binary cross-entropy for both."""

from typing import Annotated

import torch
from pydantic import Field, PositiveFloat
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, softplus

from ganzoo import Loss, Terms
from ganzoo_builtins.losses.accuracy import accuracy

RealLabel = Annotated[float, Field(gt=0.5, le=1.5)]
FakeLabel = Annotated[float, Field(ge=0, lt=0.5)]
Label = float | tuple[float, float]


class NonSaturating(Loss):
    """Binary cross-entropy: targets are 1 (real) and 0 (fake) for the discriminator, 1 on fakes for the generator.

    A label is one number, or a range from which each sample's target is drawn: the soft labels of ganhacks
    (https://github.com/soumith/ganhacks, 6).

    Args:
        real_label: Target of real samples; 0.9 is one-sided label smoothing (arXiv:1606.03498, section 3.4), and
            [0.7, 1.2] the range in ganhacks.
        fake_label: Target of fakes in the discriminator's loss; [0.0, 0.3] is the range in ganhacks.
        flip: Probability that a sample gets the other kind's target, the noisy labels of ganhacks.
        d_weight: Factor of the discriminator's loss. The paper adds the real and the fake term (1); PyTorch-GAN and
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
        real_loss = binary_cross_entropy_with_logits(real, self._targets(real, self.real_label, self.fake_label))
        if self.fake_label == 0 and not self.flip:
            fake_loss = softplus(fake).mean()  # -log(1 - D(G(z)))
        else:
            fake_loss = binary_cross_entropy_with_logits(fake, self._targets(fake, self.fake_label, self.real_label))
        return self.d_weight * (real_loss + fake_loss)

    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        return softplus(-fake).mean()  # -log D(G(z))

    def report(self, real: Tensor, fake: Tensor) -> Terms:
        return accuracy(real, fake)

    def _targets(self, logits: Tensor, label: Label, flipped: Label) -> Tensor:
        """Return a target for each logit. Targets without randomness consume no random numbers."""
        targets = _draw(logits, label)
        if self.flip:
            targets = torch.where(torch.rand_like(logits) < self.flip, _draw(logits, flipped), targets)
        return targets


def _draw(logits: Tensor, label: Label) -> Tensor:
    if isinstance(label, (int, float)):
        return torch.full_like(logits, label)
    low, high = label
    return low + (high - low) * torch.rand_like(logits)
