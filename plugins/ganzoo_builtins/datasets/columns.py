"""Columns of tables: which one holds the pictures and which one the labels, and labels as classes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from torch import Tensor

from ganzoo import DataError, did_you_mean
from ganzoo_builtins.datasets import arrays

LABELS = ("label", "labels", "class", "target")
NONE = "none"


def choose_image(name: str, pictures: Sequence[str], names: Sequence[str], place: str) -> str:
    """Return the name of the column of pictures.

    Args:
        name: The setting `image`.
        pictures: Columns that may hold pictures.
        names: All columns.
        place: The file, for messages.

    Returns:
        The name.

    Raises:
        DataError: There is no such column, or none or several may hold pictures.
    """
    if name:
        if name in pictures:
            return name
        if name in names:
            raise DataError(f"{place}: column {name!r} holds no pictures. {_choice(pictures)}")
        raise DataError(f"{place} has no column {name!r}.{did_you_mean(name, names)} It has: {', '.join(names)}.")
    if len(pictures) != 1:
        raise DataError(f"{place} has {len(pictures)} columns of pictures, not one. {_choice(pictures)}")
    return pictures[0]


def _choice(pictures: Sequence[str]) -> str:
    if pictures:
        return f"Set image to one of: {', '.join(pictures)}."
    return "Save the content of picture files, as bytes, in one of its columns."


def choose_label(name: str, names: Sequence[str], place: str) -> str:
    """Return the name of the column of labels, or "" where there is none.

    Args:
        name: The setting `label`.
        names: All columns.
        place: The file, for messages.

    Returns:
        The name.

    Raises:
        DataError: There is no such column.
    """
    if name == NONE:
        return ""
    if not name:
        return next((known for known in LABELS if known in names), "")
    if name not in names:
        raise DataError(f"{place} has no column {name!r}.{did_you_mean(name, names)} It has: {', '.join(names)}.")
    return name


def class_labels(
    values: np.ndarray, class_names: Sequence[str], name: str, path: Path
) -> tuple[Tensor | None, tuple[str, ...]]:
    """Convert a column to labels.

    Args:
        values: Integers from 0, or texts, (N,).
        class_names: Names of the classes, where they are known; else their numbers, or the texts.
        name: Name of the column.
        path: The file, for messages.

    Returns:
        Labels, int64 (N,), and the names of the classes; or None and nothing, if all labels are -1.

    Raises:
        DataError: They are no labels.
    """
    if values.dtype.kind in "OUT" and len(values) and all(isinstance(value, str) for value in values.tolist()):
        texts, numbers = np.unique(values.astype(str), return_inverse=True)
        values, class_names = numbers, texts.tolist()
    labels = arrays.labels(values, name, len(values), path)
    if labels is None:
        return None, ()
    count = int(labels.max()) + 1
    if class_names and count > len(class_names):
        raise DataError(
            f"{path}: column {name!r} goes up to {count - 1}, and names {len(class_names)} classes. Mend it."
        )
    return labels, tuple(class_names) or tuple(map(str, range(count)))
