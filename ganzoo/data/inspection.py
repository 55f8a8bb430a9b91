"""Full pass over a dataset: damaged examples, class counts, remarks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch

from ganzoo.data.validation import check
from ganzoo.errors import DataError
from ganzoo.interfaces import Batch, Dataset
from ganzoo.utils import rng

LOOKED_AT = 64  # examples of a dataset that is not in memory
NARROW = 0.25  # part of the range from black to white below which pictures look black, or all of one grey

Track = Callable[[range], Iterable[int]]
"""Iterates over the indices and shows the progress."""


@dataclass(frozen=True)
class Survey:
    """Result of a full pass over a dataset.

    Attributes:
        examples: Number of examples.
        damaged: Number of damaged examples.
        reasons: Distinct errors of damaged examples.
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
    seen = _Ranges()
    damaged = 0
    for i in track(range(length)):
        try:
            example = dataset[i]
            check({key: value[None] for key, value in example.items()}, spec, type(dataset).__name__)
        except DataError as error:
            damaged += 1
            reasons[error.message] = None
        else:
            seen.add(example)
            counts.update([int(example["y"])] if spec.classes else [])
    names = _class_names(dataset)
    classes = {names[label]: counts[label] for label in range(spec.classes)}
    return Survey(length, damaged, list(reasons), classes, [*dataset.remarks(), *seen.remarks(), *_absent(classes)])


def narrow_range(dataset: Dataset, whole: bool) -> list[str]:
    """Return a remark if the pictures of a dataset use a small part of the range from black to white.

    Random numbers that examples draw are drawn again afterwards.

    Args:
        dataset: The dataset.
        whole: Look at all of a dataset in memory, not only at some examples.

    Returns:
        A list of at most one sentence for each kind of picture.

    Raises:
        DataError: An example cannot be read.
    """
    if not dataset.spec.is_image or dataset.spec.vocab:
        return []
    seen = _Ranges()
    with rng.preserve_rng():
        tensors = dataset.tensors() if whole else None
        step = max(1, -(-len(dataset) // LOOKED_AT))
        for batch in [tensors] if tensors is not None else (dataset[i] for i in range(0, len(dataset), step)):
            seen.add(batch)
    return seen.remarks()


class _Ranges:
    """Smallest and largest values of pictures, by key of the batch."""

    def __init__(self) -> None:
        self.bounds: dict[str, tuple[float, float, bool]] = {}

    def add(self, batch: Batch) -> None:
        """Look at the pictures of a batch."""
        for key in ("x", "a", "b"):
            if key in batch and batch[key].ndim >= 3 and batch[key].dtype in (torch.uint8, torch.float32):
                low, high = (bound.item() for bound in batch[key].aminmax())
                least, most, _ = self.bounds.get(key, (low, high, False))
                self.bounds[key] = min(least, low), max(most, high), batch[key].dtype == torch.uint8

    def remarks(self) -> list[str]:
        """Return a sentence for each key whose values are close together."""
        sentences = []
        for key, (low, high, is_integer) in self.bounds.items():
            black, white = (0, 255) if is_integer else (-1, 1)
            if high - low < NARROW * (white - black):
                sentences.append(
                    f"all values of {key!r} lie between {low:g} and {high:g} of {black} to {white}: the pictures look "
                    "black or of one grey, and samples will, too. Scale them to the whole range, by the setting "
                    "max_value of the dataset if it has one"
                )
        return sentences


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
        f"{len(absent)} of {len(classes)} classes {'has' if len(absent) == 1 else 'have'} no example: {shown}. "
        f"A conditional model learns nothing about {'it' if len(absent) == 1 else 'them'}"
    ]
