"""The fixed-noise grid of a run and the real samples beside it; conditional grids have a column for each class.

Of token ids the "grid" is a text with a line for each sample.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ganzoo.interfaces import Spec

CELLS = 64
POINTS = 2000  # samples in a plot of points or values


def layout(spec: Spec, by_class: bool) -> tuple[int, int]:
    """How many samples a preview has, and in how many columns."""
    if spec.vocab:
        return CELLS, 1  # as many lines of text
    if not spec.is_image:
        return POINTS, 1
    if by_class and spec.classes:
        rows = max(4, min(8, CELLS // spec.classes))
        return rows * spec.classes, spec.classes
    return CELLS, 8


def classes_in_turn(n: int, classes: int, device: torch.device) -> Tensor:
    """Labels 0, 1, ..., classes - 1, 0, 1, ...: (n,) int64, so that each column of a grid is a class."""
    return torch.arange(n, device=device) % classes
