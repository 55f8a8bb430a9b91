"""The accuracy of a discriminator whose logits have a threshold between real and fake."""

import torch
from torch import Tensor

from ganzoo import Terms


def accuracy(real: Tensor, fake: Tensor, threshold: float = 0.0) -> Terms:
    """Return the mean accuracy on real samples and on fakes, 0.5 for a discriminator that guesses.

    A real sample is recognized when its logit is above the threshold, a fake when it is below; a logit at the threshold
    counts half.

    Args:
        real: Logits of real samples, of any shape.
        fake: Logits of fakes, of any shape.
        threshold: The threshold.

    Returns:
        The accuracy as "d_accuracy", which Loss.report() may return.
    """
    margins = torch.stack([(real.detach() - threshold).sign().mean(), (threshold - fake.detach()).sign().mean()])
    return {"d_accuracy": (1 + margins.mean()) / 2}
