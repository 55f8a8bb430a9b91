"""Order of numbers in memory: channels-last weights of convolutions, and state that has the order of its parameter."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from ganzoo.errors import IncompatibleError

REFUSED_VIEW = "view size is not compatible with input tensor's size and stride"


def use_channels_last(module: nn.Module) -> None:
    """Store all parameters with four dimensions channels-last, so that convolutions compute and return images so.

    Args:
        module: The module, before an optimizer is built for it.
    """
    for parameter in module.parameters():
        if parameter.dim() == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)


def is_channels_last(module: nn.Module) -> bool:
    """Return True if convolutions store their weights channels-last."""
    return any(p.dim() == 4 and not p.is_contiguous() for p in module.parameters())


def align_state(optimizer: Optimizer) -> None:
    """Give the state of an optimizer the order of its parameters, which fused optimizers rely on without a check.

    Args:
        optimizer: The optimizer, after its state was loaded.
    """
    for parameter, state in optimizer.state.items():
        for name, value in state.items():
            if isinstance(value, Tensor) and value.shape == parameter.shape and value.stride() != parameter.stride():
                state[name] = torch.empty_strided(
                    value.shape, parameter.stride(), dtype=value.dtype, device=value.device
                ).copy_(value)


def refused_view(error: BaseException) -> IncompatibleError | None:
    """Return the error for a network that reads channels-last images by view(); None for any other exception."""
    if not isinstance(error, RuntimeError) or REFUSED_VIEW not in str(error):
        return None
    return IncompatibleError(
        "run.channels_last = true, and a network calls view() on images, which are in another order in memory then. "
        "Set run.channels_last=false, or write reshape() or flatten() in its place."
    )
