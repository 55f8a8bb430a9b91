"""Context managers for evaluation mode and for sampling."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from ganzoo.utils.rng import OwnNoise


@contextmanager
def eval_mode(module: nn.Module) -> Iterator[None]:
    """Evaluate a module inside the block: evaluation mode and no gradients.

    After the block every submodule, frozen ones included, is back in the mode that it had before.
    """
    modes = {submodule: submodule.training for submodule in module.modules()}
    module.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for submodule, mode in modes.items():
            submodule.training = mode


@contextmanager
def sampling_with(module: nn.Module, noise: OwnNoise) -> Iterator[None]:
    """Sample from a module inside the block, whatever other threads draw: evaluation mode, no gradients, own noise.

    Args:
        module: The module that samples.
        noise: The random numbers; another block with the same object continues with the next ones.
    """
    with eval_mode(module), noise:
        yield


@contextmanager
def sampling(module: nn.Module, device: torch.device, seed: int) -> Iterator[None]:
    """Sample from a module inside the block: evaluation mode, no gradients, and random numbers from a seed.

    After the block the modes and the state of PyTorch's random number generators are as before.

    Args:
        module: The module that samples.
        device: Its device.
        seed: The seed of PyTorch's random number generators inside the block.
    """
    devices = [device] if device.type == "cuda" else []
    with eval_mode(module), torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        yield
