"""Layout of the sample grids of a run. Conditional grids have a column for each class, texts a line for each sample."""

from __future__ import annotations

import torch
from torch import Tensor

from ganzoo.interfaces import Spec

CELLS = 64  # images in a grid
POINTS = 2000  # samples in a plot of points or values


def layout(spec: Spec, by_class: bool) -> tuple[int, int]:
    """Return the number of samples and of columns in a grid.

    Args:
        spec: The spec of the samples.
        by_class: True when the grid has a column for each class.

    Returns:
        Number of samples and number of columns.
    """
    if spec.vocab:
        return CELLS, 1  # lines of text
    if not spec.is_image:
        return POINTS, 1
    if by_class and spec.classes:
        rows = max(4, min(8, CELLS // spec.classes))
        return rows * spec.classes, spec.classes
    return CELLS, 8


def classes_in_turn(n: int, classes: int, device: torch.device) -> Tensor:
    """Return labels 0, 1, ..., classes - 1, 0, 1, ..., int64 (n,), so that each column of a grid is a class."""
    return torch.arange(n, device=device) % classes
