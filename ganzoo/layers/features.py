"""The width of a discriminator's features, which a layer on top of them must know."""

from __future__ import annotations

import torch

from ganzoo.interfaces import Discriminator, Spec
from ganzoo.utils.modes import eval_mode


def features_width(discriminator: Discriminator, spec: Spec) -> int:
    """Return the width of a discriminator's features, by running it on two empty samples.

    It changes neither the network nor the random generators.

    Args:
        discriminator: The discriminator.
        spec: Spec of the samples.

    Returns:
        The last dimension of `discriminator.features(x, y)`.
    """
    parameter = next(discriminator.parameters())
    dtype = torch.long if spec.vocab else parameter.dtype
    x = torch.zeros(2, *spec.shape, device=parameter.device, dtype=dtype)  # (2, *shape)
    y = torch.zeros(2, dtype=torch.long, device=parameter.device) if discriminator.conditional else None
    with torch.no_grad(), eval_mode(discriminator), torch.random.fork_rng(enabled=parameter.device.type != "meta"):
        return discriminator.features(x, y).shape[1]  # (2, width)
