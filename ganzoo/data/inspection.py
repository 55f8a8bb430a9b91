"""Full pass over a dataset: damaged examples, class counts, remarks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch

from ganzoo.data.validation import check
from ganzoo.errors import DataError
from ganzoo.interfaces import Dataset

SHOWN = 30  # number of reasons listed; further damaged examples are only counted

Track = Callable[[range], Iterable[int]]
"""Iterates over the indices and shows the progress."""


@dataclass(frozen=True)
class Survey:
    """Result of a full pass over a dataset.

    Attributes:
        examples: Number of examples.
        damaged: Number of damaged examples.
        reasons: Distinct errors of the first damaged examples.
        classes: Number of undamaged examples by class name.
        remarks: Further remarks, a sentence each.
    """

    examples: int
    damaged: int
    reasons: list[str]
    classes: dict[str, int]
    remarks: list[str]


def survey(dataset: Dataset, track: Track = iter) -> Survey:
    """Read every example of a dataset and check it.

    An example is damaged if reading it raises DataError, or if it does not agree with the spec.

    Args:
        dataset: The dataset.
        track: Iterates over the indices and shows the progress.

    Returns:
        The findings.

    Raises:
        DataError: The dataset is empty or cannot be opened.
    """
    length, spec = len(dataset), dataset.spec
    if length == 0:
        raise DataError(f"dataset {type(dataset).__name__} is empty: there is nothing to train on.")
    counts: Counter[int] = Counter()
    reasons: dict[str, None] = {}  # an ordered set
    damaged = 0
    for i in track(range(length)):
        try:
            example = dataset[i]
            check({key: value[None] for key, value in example.items()}, spec, type(dataset).__name__)
        except DataError as error:
            damaged += 1
            if len(reasons) < SHOWN:
                reasons[error.message] = None
        else:
            counts.update([int(example["y"])] if spec.classes else [])
    names = _class_names(dataset)
    classes = {names[label]: counts[label] for label in range(spec.classes)}
    return Survey(length, damaged, list(reasons), classes, [*dataset.remarks(), *_absent(classes)])


def absent_classes(dataset: Dataset) -> list[str]:
    """Return a remark on classes without an example, if there are any and labels are known without reading all.

    Args:
        dataset: The dataset.

    Returns:
        A sentence, or nothing.
    """
    if not dataset.spec.classes or (labels := dataset.all_labels()) is None:
        return []
    counts = torch.bincount(labels.flatten().cpu(), minlength=dataset.spec.classes).tolist()
    return _absent(dict(zip(_class_names(dataset), counts, strict=False)))


def _class_names(dataset: Dataset) -> list[str]:
    return list(dataset.class_names) or [str(label) for label in range(dataset.spec.classes)]


def _absent(classes: dict[str, int]) -> list[str]:
    """Return a remark on classes without an example, if there are any."""
    absent = [name for name, count in classes.items() if not count]
    if not absent:
        return []
    shown = ", ".join(absent[:10]) + (", ..." if len(absent) > 10 else "")
    return [
        f"{len(absent)} of {len(classes)} classes have no example: {shown}. A conditional model learns nothing about "
        "them"
    ]
