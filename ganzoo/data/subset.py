"""Subsets of a dataset as one batch: by index, at random, or some of each class."""

from __future__ import annotations

from collections.abc import Sequence

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
    return take(dataset, random_indices(dataset, n, seed))


def random_indices(dataset: Dataset, n: int, seed: int) -> list[int]:
    """Return the indices of n random examples, without repetition if there are enough of them."""
    order = torch.randperm(len(dataset), generator=torch.Generator().manual_seed(seed)).tolist()
    return [order[i % len(order)] for i in range(n)]


def take_by_class(dataset: Dataset, n: int, classes: Sequence[int] = ()) -> Batch:
    """Return n examples as a batch, of these classes in turn, or of all.

    For a class that does not occur, or not among the examples scanned where labels are not known in advance, images
    are black; other samples are any examples.
    """
    spec, labels = dataset.spec, dataset.all_labels()
    scanned: Sequence[int] = range(len(dataset))
    if labels is None:
        count = min(len(dataset), SCANNED)
        scanned = [i * len(dataset) // count for i in range(count)]
        labels = torch.stack([dataset[i]["y"] for i in scanned])
    wanted = torch.tensor(classes or range(spec.classes))
    batch = take(dataset, [scanned[k] for k in _by_class(labels, n, wanted.tolist())])
    y = wanted[torch.arange(n) % len(wanted)]
    if spec.is_image:
        absent = ~torch.isin(y, labels.cpu())
        for key in ("x", "a", "b"):
            if key in batch:
                batch[key][absent] = -1
    return {**batch, "y": y}


def _by_class(labels: Tensor, n: int, classes: list[int]) -> list[int]:
    """Return n positions in labels (L,), of these classes in turn; any of a class that does not occur."""
    positions = [torch.nonzero(labels == label).flatten().tolist() or [*range(len(labels))] for label in classes[:n]]
    return [positions[i % len(classes)][i // len(classes) % len(positions[i % len(classes)])] for i in range(n)]
