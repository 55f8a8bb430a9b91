"""State and seeds of the random number generators of PyTorch, Python and NumPy."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from accelerate.utils import set_seed


def tensors() -> dict[str, torch.Tensor]:
    """Return the state of PyTorch's generators, as tensors."""
    states = {"random.cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        states["random.cuda"] = torch.cuda.get_rng_state()
    return states


def words() -> dict[str, Any]:
    """Return the state of the generators of Python and NumPy, for JSON."""
    name, keys, *rest = np.random.get_state()
    return {"python": random.getstate(), "numpy": [name, np.asarray(keys).tolist(), *rest]}


def restore(saved: Mapping[str, torch.Tensor], others: Mapping[str, Any]) -> None:
    """Restore the state of all generators.

    Args:
        saved: The result of tensors().
        others: The result of words().
    """
    torch.set_rng_state(saved["random.cpu"])
    if "random.cuda" in saved and torch.cuda.is_available():
        torch.cuda.set_rng_state(saved["random.cuda"])
    version, state, gauss = others["python"]
    random.setstate((version, tuple(state), gauss))
    name, keys, *rest = others["numpy"]
    np.random.set_state((name, np.array(keys, dtype=np.uint32), *rest))


@contextmanager
def preserve_rng() -> Iterator[None]:
    """Restore the random number generators of PyTorch, NumPy and Python after the block.

    Code inside may seed and use them; training continues with the same random numbers as without that code.
    """
    before, others = tensors(), words()
    try:
        yield
    finally:
        restore(before, others)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed the random number generators of PyTorch, NumPy and Python inside the block, and restore them after it."""
    with preserve_rng():
        set_seed(seed)
        yield
