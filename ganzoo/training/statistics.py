"""Numbers that say how training goes, whatever the GAN: how well samples are told apart, how different they are."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import one_hot


def told_apart(real: Tensor, fake: Tensor) -> Tensor:
    """A discriminator's outputs on real and on fake samples, of any shape -> the share of pairs, a real one and a fake
    one, in which the real one has the larger output; of equal ones half count. A scalar, on the same device.

    1 where every fake is known, 0.5 where nothing is, less where fakes look more real than real samples. It is the
    same for logits, their sigmoids and a critic's values, for it asks for their order alone: the statistic of Mann and
    Whitney 1947, the area under the ROC curve.
    """
    real, fake = real.detach().flatten().float().contiguous(), fake.detach().flatten().float().sort().values
    below = torch.searchsorted(fake, real).sum() + torch.searchsorted(fake, real, right=True).sum()  # of 2 x pairs
    return below / (2 * len(real) * len(fake))


def diversity(samples: Tensor, real: Tensor, classes: int = 0) -> float | None:
    """Samples (N, *shape) and real ones (M, *shape) -> root of the mean squared distance between two samples, over
    that between two real ones. 1: as different from each other as real ones; 0: all the same.

    classes: with labels 0, 1, ..., classes - 1, 0, 1, ... in both, distances are taken within each class. Token ids
    are compared place by place. None where real samples do not differ; nan where samples are not finite numbers.
    """
    if not samples.is_floating_point():
        vocab = int(max(samples.max(), real.max())) + 1
        samples, real = one_hot(samples.long(), vocab), one_hot(real.long(), vocab)
    expected = _variance(real, classes)
    return (_variance(samples, classes) / expected) ** 0.5 if expected > 0 else None


def _variance(samples: Tensor, classes: int) -> float:
    """(N, *shape) -> summed over the numbers of a sample, half the mean squared distance of two; mean over classes."""
    flat = samples.detach().flatten(1).double().cpu()  # (N, size)
    groups = [flat[y::classes] for y in range(classes)] if classes else [flat]
    found = [group.var(0).sum() for group in groups if len(group) > 1]
    return torch.stack(found).mean().item() if found else 0.0
