"""Which classes a referee sees, and how often."""

from __future__ import annotations

import torch
from torch import Tensor

from ganzoo import Seen


def histogram(seen: Seen) -> Tensor:
    """-> (classes,) float64: the share of samples in which each class is the likeliest."""
    classes = seen.logits.shape[1]
    return torch.bincount(seen.logits.argmax(1), minlength=classes).double() / len(seen)
