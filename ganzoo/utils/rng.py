"""The generators that training draws from: PyTorch's, Python's and NumPy's, which plugins may use too."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from accelerate.utils import set_seed


def tensors() -> dict[str, torch.Tensor]:
    """PyTorch's state, as tensors."""
    found = {"random.cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        found["random.cuda"] = torch.cuda.get_rng_state()
    return found


def words() -> dict[str, Any]:
    """Python's and NumPy's state, as JSON can hold it."""
    name, keys, *rest = np.random.get_state()
    return {"python": random.getstate(), "numpy": [name, np.asarray(keys).tolist(), *rest]}


def put_back(saved: Mapping[str, torch.Tensor], others: Mapping[str, Any]) -> None:
    """As tensors() and words() found them."""
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

    Code inside may seed them or draw from them, and training goes on with the numbers it would have drawn anyway.
    """
    before, others = tensors(), words()
    try:
        yield
    finally:
        put_back(before, others)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """What is drawn inside the block is drawn from `seed`, and training's noise is left alone."""
    with preserve_rng():
        set_seed(seed)
        yield
