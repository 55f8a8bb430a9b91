"""Logits of several judges in one tensor, for discriminators that judge at several scales or by several heads."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def stack_logits(logits: Sequence[Tensor]) -> Tensor:
    """Stack the logits of several judges into one map that every loss takes.

    Smaller maps are enlarged by repeating their logits, so that the mean over all logits, which losses take, is the
    mean over the judges of each one's mean: exactly where the largest side is a multiple of the others, nearly
    otherwise.

    Args:
        logits: What each of K judges returns for the same samples: logits (N,), or a map (N, k, h, w).

    Returns:
        Logits (N, K, H, W) of the largest height and width; with maps of k > 1, their judges one after another.
    """
    maps = [judged[:, None, None, None] if judged.dim() == 1 else judged for judged in logits]  # (N,) -> (N, 1, 1, 1)
    height = max(judged.shape[2] for judged in maps)
    width = max(judged.shape[3] for judged in maps)
    return torch.cat([_repeated(_repeated(judged, 2, height), 3, width) for judged in maps], dim=1)


def _repeated(x: Tensor, axis: int, size: int) -> Tensor:
    """Enlarge an axis to `size` by repeating; an index, unlike interpolation, is deterministic on every device."""
    if x.shape[axis] == size:
        return x
    return x.index_select(axis, torch.arange(size, device=x.device) * x.shape[axis] // size)
