"""Layout of the sample grids of a run. Conditional grids have a column for each class, texts a line for each sample."""

from __future__ import annotations

import torch
from torch import Tensor

from ganzoo.interfaces import Spec

CELLS = 64  # images in a grid
POINTS = 2000  # samples in a plot of points or values
MOST_CLASSES = 64  # classes that each have a column in a grid
SHOWN = 16  # classes in a grid where there are more


def layout(spec: Spec, by_class: bool) -> tuple[int, int]:
    """Return the number of samples and of columns in a grid.

    Args:
        spec: The spec of the samples.
        by_class: True when the grid has a column for each class of shown_classes().

    Returns:
        Number of samples and number of columns.
    """
    if spec.vocab:
        return CELLS, 1  # lines of text
    if not spec.is_image:
        return POINTS, 1
    if by_class and spec.classes:
        columns = len(shown_classes(spec))
        rows = 8 if columns < spec.classes else max(4, min(8, CELLS // columns))
        return rows * columns, columns
    return CELLS, 8


def shown_classes(spec: Spec) -> list[int]:
    """Return the classes that a grid shows: all, or some of them, evenly spaced, of more than a person can look at."""
    if not spec.is_image or spec.classes <= MOST_CLASSES:
        return [*range(spec.classes)]
    return [i * spec.classes // SHOWN for i in range(SHOWN)]


def labels(spec: Spec, n: int) -> Tensor:
    """Return the labels of the n samples of a grid by class, int64 (n,): shown_classes() in turn."""
    shown = torch.tensor(shown_classes(spec))
    return shown[classes_in_turn(n, len(shown), torch.device("cpu"))]


def remark(spec: Spec, by_class: bool) -> str:
    """Return a remark for the user if grids do not show all classes, or ""."""
    shown = len(shown_classes(spec))
    if not by_class or shown == spec.classes:
        return ""
    return f"sample grids show {shown} of {spec.classes:,} classes, evenly spaced"


def classes_in_turn(n: int, classes: int, device: torch.device) -> Tensor:
    """Return labels 0, 1, ..., classes - 1, 0, 1, ..., int64 (n,), so that each column of a grid is a class."""
    return torch.arange(n, device=device) % classes
