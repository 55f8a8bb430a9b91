"""The fixed-noise grid of a run and the real samples beside it; conditional grids have a column for each class.

Of token ids the "grid" is a text with a line for each sample.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ganzoo.data.loader import normalised
from ganzoo.interfaces import Batch, Dataset, Spec
from ganzoo.utils.modes import sampling as sampling

CELLS = 64
POINTS = 2000  # samples in a plot of points or values
LOOK = 1000  # examples of a streamed dataset that are read to find some of each class


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


def real(dataset: Dataset, n: int, by_class: bool) -> Batch:
    """N examples as a batch; by class, example i is of class i modulo classes, where that class is found."""
    whole, classes = dataset.tensors(), dataset.spec.classes if by_class else 0
    if classes and whole is not None:
        indices = _by_class(whole["y"], n, classes)
    elif classes:
        look = min(len(dataset), LOOK)
        places = [i * len(dataset) // look for i in range(look)]
        labels = torch.stack([dataset[i]["y"] for i in places])
        indices = [places[k] for k in _by_class(labels, n, classes)]
    else:
        return drawn(dataset, n, seed=0)  # at equal distances a period of the data would show as a pattern
    return chosen(dataset, indices)


def drawn(dataset: Dataset, n: int, seed: int) -> Batch:
    """N examples as a batch, each different as long as there are so many; the same seed draws the same ones."""
    order = torch.randperm(len(dataset), generator=torch.Generator().manual_seed(seed)).tolist()
    return chosen(dataset, [order[i % len(order)] for i in range(n)])


def chosen(dataset: Dataset, indices: list[int]) -> Batch:
    """The examples of these numbers as a batch, images in [-1, 1]."""
    whole = dataset.tensors()
    if whole is not None:
        return normalised({key: value[indices] for key, value in whole.items()})
    examples = [dataset[i] for i in indices]
    return normalised({key: torch.stack([example[key] for example in examples]) for key in examples[0]})


def _by_class(labels: Tensor, n: int, classes: int) -> list[int]:
    """N positions in labels (L,): the i-th holds class i modulo classes, or any where that class does not occur."""
    found = [torch.nonzero(labels == label).flatten().tolist() or [*range(len(labels))] for label in range(classes)]
    return [found[i % classes][i // classes % len(found[i % classes])] for i in range(n)]


def classes_in_turn(n: int, classes: int, device: torch.device) -> Tensor:
    """Labels 0, 1, ..., classes - 1, 0, 1, ...: (n,) int64, so that each column of a grid is a class."""
    return torch.arange(n, device=device) % classes
