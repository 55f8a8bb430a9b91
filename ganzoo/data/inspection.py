"""All of a dataset, read once: what is damaged, how many examples each class has, what else is worth knowing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ganzoo.data.validation import check
from ganzoo.errors import DataError
from ganzoo.interfaces import Dataset

SHOWN = 30  # reasons; the rest is counted

Track = Callable[[range], Iterable[int]]
"""Goes through the indices, and shows how far."""


@dataclass(frozen=True)
class Survey:
    """reasons: of the first damaged examples, each once. classes: examples by class name, damaged ones left out."""

    examples: int
    damaged: int
    reasons: list[str]
    classes: dict[str, int]
    remarks: list[str]


def survey(dataset: Dataset, track: Track = iter) -> Survey:
    """Read every example. A damaged one is one whose [i] raises DataError, or that is not what the spec says.

    Errors: DataError when the dataset cannot be opened at all.
    """
    length, spec = len(dataset), dataset.spec
    if length == 0:
        raise DataError(f"dataset {type(dataset).__name__} is empty: there is nothing to train on.")
    counts: Counter[int] = Counter()
    reasons: dict[str, None] = {}  # a set that remembers its order
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
    names = list(dataset.class_names) or [str(label) for label in range(spec.classes)]
    classes = {names[label]: counts[label] for label in range(spec.classes)}
    return Survey(length, damaged, list(reasons), classes, [*dataset.remarks(), *_absent(classes)])


def _absent(classes: dict[str, int]) -> list[str]:
    absent = [name for name, count in classes.items() if not count]
    if not absent:
        return []
    shown = ", ".join(absent[:10]) + (", ..." if len(absent) > 10 else "")
    return [
        f"{len(absent)} of {len(classes)} classes have no example: {shown}. A conditional model would learn nothing of "
        "them"
    ]
