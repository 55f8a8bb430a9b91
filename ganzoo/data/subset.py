"""Subsets of a dataset as one batch: by index, at random, or some of each class."""

from __future__ import annotations

import torch
from torch import Tensor

from ganzoo.data.loader import normalised
from ganzoo.interfaces import Batch, Dataset

SCANNED = 1000  # number of examples of a streamed dataset that are read to find some of each class


def take(dataset: Dataset, indices: list[int]) -> Batch:
    """Return the examples with these indices as a batch, images in [-1, 1]."""
    tensors = dataset.tensors()
    if tensors is not None:
        return normalised({key: value[indices] for key, value in tensors.items()})
    examples = [dataset[i] for i in indices]
    return normalised({key: torch.stack([example[key] for example in examples]) for key in examples[0]})


def take_random(dataset: Dataset, n: int, seed: int) -> Batch:
    """Return n random examples as a batch, without repetition if there are enough of them."""
    order = torch.randperm(len(dataset), generator=torch.Generator().manual_seed(seed)).tolist()
    return take(dataset, [order[i % len(order)] for i in range(n)])


def take_by_class(dataset: Dataset, n: int) -> Batch:
    """Return n examples as a batch, example i of class i modulo the number of classes.

    For a class that does not occur, or not among the examples scanned, any example is taken.
    """
    tensors, classes = dataset.tensors(), dataset.spec.classes
    if tensors is not None:
        return take(dataset, _by_class(tensors["y"], n, classes))
    count = min(len(dataset), SCANNED)
    scanned = [i * len(dataset) // count for i in range(count)]
    labels = torch.stack([dataset[i]["y"] for i in scanned])
    return take(dataset, [scanned[k] for k in _by_class(labels, n, classes)])


def _by_class(labels: Tensor, n: int, classes: int) -> list[int]:
    """Return n positions in labels (L,), the i-th of class i modulo `classes`."""
    positions = [torch.nonzero(labels == label).flatten().tolist() or [*range(len(labels))] for label in range(classes)]
    return [positions[i % classes][i // classes % len(positions[i % classes])] for i in range(n)]
