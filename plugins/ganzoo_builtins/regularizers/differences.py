"""Differences of a critic's logits between samples and changed ones, for penalties without second derivatives."""

import torch
from torch import Tensor

from ganzoo import Critic, preserve_rng


def difference(critic: Critic, x: Tensor, changed: Tensor) -> Tensor:
    """Return D(x_i) - D(changed_i) for each sample, (N, *shape) -> (N,), of a map of patches the mean.

    Both passes draw the same random numbers, so that augmentation and dropout do not add to the difference, and
    compute in float32 (or float64) whatever the precision of the run, since its digits cancel.
    """
    with torch.autocast(x.device.type, enabled=False):
        dtype = torch.promote_types(x.dtype, torch.float32)
        with preserve_rng():
            there = critic(changed.detach().to(dtype))
        here = critic(x.detach().to(dtype))
    difference = here - there
    return difference.flatten(1).mean(1) if difference.dim() > 1 else difference  # (N, 1, h, w) -> (N,)
