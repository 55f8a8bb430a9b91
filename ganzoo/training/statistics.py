"""Training statistics of any GAN: how well real and fake samples are separated, and how diverse samples are."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import one_hot


def separation(real: Tensor, fake: Tensor) -> Tensor:
    """Return the fraction of pairs of a real and a fake sample in which the real one has the larger output.

    Equal outputs count half. The result is 1 if all fakes are recognized, 0.5 for guessing, and less if fakes look more
    real than real samples. It is the same for logits, their sigmoids and a critic's values, because only the order
    matters: it is the statistic of Mann and Whitney 1947, the area under the ROC curve.

    Args:
        real: A discriminator's outputs on real samples, of any shape.
        fake: Its outputs on fake samples, of any shape.

    Returns:
        A scalar on the same device.
    """
    real, fake = real.detach().flatten().float().contiguous(), fake.detach().flatten().float().sort().values
    below = torch.searchsorted(fake, real).sum() + torch.searchsorted(fake, real, right=True).sum()  # of 2 x pairs
    return below / (2 * len(real) * len(fake))


def diversity(samples: Tensor, real: Tensor, classes: int = 0) -> float | None:
    """Return the root mean squared distance of two samples, divided by that of two real samples.

    The result is 1 if samples differ as much as real ones do, and 0 if all are the same. Token ids are compared
    position by position.

    Args:
        samples: Samples (N, *shape).
        real: Real samples (M, *shape).
        classes: Number of classes if both have the labels 0, 1, ..., classes - 1, 0, 1, ...: distances are then taken
            within each class whose real samples differ. 0 without labels.

    Returns:
        None if all real samples are the same; NaN if a sample is NaN or infinite.
    """
    if not samples.is_floating_point():
        vocab = int(max(samples.max(), real.max())) + 1
        samples, real = one_hot(samples.long(), vocab), one_hot(real.long(), vocab)
    actual, expected = _variances(samples, classes), _variances(real, classes)
    shown = expected > 0  # a class without examples is empty in the picture of the real samples
    return (actual[shown].mean() / expected[shown].mean()).item() ** 0.5 if shown.any() else None


def _variances(samples: Tensor, classes: int) -> Tensor:
    """Return half the mean squared distance of two samples (N, *shape) of each class, or of all: (classes or 1,)."""
    flat = samples.detach().flatten(1).cpu().double()  # (N, size)
    groups = [flat[y::classes] for y in range(classes)] if classes else [flat]
    nothing = flat.new_zeros(())
    return torch.stack([group.var(0).sum() if len(group) > 1 else nothing for group in groups])
