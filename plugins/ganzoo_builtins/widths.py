"""How wide a network's features are, for a procedure that puts a layer of its own on them."""

import torch

from ganzoo import Discriminator, Spec, eval_mode


def width(network: Discriminator, spec: Spec) -> int:
    """Numbers in the features of one sample of `spec`. Leaves the network, and the generators of noise, as they are."""
    parameter = next(network.parameters())
    dtype = torch.long if spec.vocab else parameter.dtype
    x = torch.zeros(2, *spec.shape, device=parameter.device, dtype=dtype)  # (2, *shape)
    y = torch.zeros(2, dtype=torch.long, device=parameter.device) if network.conditional else None
    with eval_mode(network), torch.random.fork_rng(enabled=parameter.device.type != "meta"):
        return network.features(x, y).shape[1]  # (2, width)
