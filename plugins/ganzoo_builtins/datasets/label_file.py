"""Labels of pictures in a file next to them: StyleGAN's dataset.json, metadata of Hugging Face, or labels.csv."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ganzoo import DataError
from ganzoo_builtins.datasets.arrays import FEW, MOST_CLASSES, check_numbers
from ganzoo_builtins.datasets.trees import Tree

NAMES = ("dataset.json", "metadata.jsonl", "metadata.csv", "labels.csv")
FILES = ("file_name", "filename", "file", "path", "image", "name", "id")  # columns that name the picture
LABELS = ("label", "labels", "class", "target", "y", "category")  # columns that hold the class
LARGEST = 2**28  # bytes

Label = int | str


def label_file(tree: Tree) -> str:
    """Return the name of the label file in the root of a tree, or "" where there is none.

    Args:
        tree: The files.

    Returns:
        The name.

    Raises:
        DataError: There are several.
    """
    there = [name for name in NAMES if tree.has(name)]
    if len(there) > 1:
        raise DataError(f"{tree.shown('')} has several files of labels: {', '.join(there)}. Keep one of them.")
    return there[0] if there else ""


def read_labels(tree: Tree, name: str) -> dict[str, Label]:
    """Read a label file.

    Args:
        tree: The files.
        name: Name of the label file, one of NAMES.

    Returns:
        Labels by the path of the picture, integers from 0 or texts; nothing if the file holds none.

    Raises:
        DataError: It is damaged, or holds labels of another form.
    """
    content = tree.read(name, LARGEST)
    shown = tree.shown(name)
    try:
        text = content.decode("utf-8-sig")
        rows = _stylegan(json.loads(text)) if name == "dataset.json" else _table(name, text)
        labels = {_plain(file): label for file, label in rows}
    except (ValueError, RecursionError) as error:
        raise DataError(f'{shown} cannot be read: {error}. Mend it, or set labels = "folders" or "none".') from error
    return _checked(labels, shown)


def _stylegan(document: Any) -> Iterator[tuple[str, Label]]:
    """Yield path and label of each row of {"labels": [["path", 3], ...]}; none for {"labels": null}."""
    if not isinstance(document, Mapping) or "labels" not in document:
        raise ValueError('expected {"labels": [["path", number], ...]}')
    for row in document["labels"] or ():
        if not (isinstance(row, list) and len(row) == 2 and isinstance(row[0], str)):
            raise ValueError(f'expected ["path", number] in place of {json.dumps(row)[:80]}')
        yield row[0], _label(row[1])


def _table(name: str, text: str) -> Iterator[tuple[str, Label]]:
    """Yield path and label of each row of a table; none if it has no column of labels, such as one of captions."""
    if name.endswith(".jsonl"):
        documents = [json.loads(line) for line in text.splitlines() if line.strip()]
        if not all(isinstance(document, Mapping) for document in documents):
            raise ValueError('expected {"file_name": ..., "label": ...} in each line')
        return _columns(documents, [*dict.fromkeys(key for document in documents for key in document)])
    rows = [row for row in csv.reader(io.StringIO(text)) if row]
    header = rows[0] if rows else []
    if len(header) == 2 and not {*map(str.lower, header)} & {*FILES}:  # no header
        return ((file, _label(label)) for file, label in _of_two(rows))
    return _columns([dict(zip(header, row, strict=False)) for row in rows[1:]], header)


def _of_two(rows: Iterable[Sequence[str]]) -> Iterator[tuple[str, str]]:
    for row in rows:
        if len(row) != 2:
            raise ValueError(f"expected a path and a label in place of {','.join(row)[:80]!r}")
        yield row[0], row[1]


def _columns(documents: Sequence[Mapping[str, Any]], names: Sequence[str]) -> Iterator[tuple[str, Label]]:
    """Yield path and label of each row, from the columns that are named so."""
    file = next((name for known in FILES for name in names if name.lower() == known), None)
    label = next((name for known in LABELS for name in names if name.lower() == known), None)
    if file is None:
        raise ValueError(f"none of its columns names the pictures: {', '.join(names)[:80]}; call one file_name")
    if label is None:
        return
    for row in documents:
        if row.get(file) is None or row.get(label) is None:
            raise ValueError(f"a row lacks {file} or {label}: {json.dumps(row)[:80]}")
        yield str(row[file]), _label(row[label])


def _label(value: Any) -> Label:
    """Return a label as a number or a text; ValueError for several labels of one picture, and for fractions."""
    if isinstance(value, str):
        return int(value) if value.strip().isdecimal() else value.strip()
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ValueError(f"a label is {json.dumps(value)[:80]}, expected a whole number or a text")


def _plain(file: str) -> str:
    return file.replace("\\", "/").removeprefix("./")


def _checked(labels: dict[str, Label], shown: str) -> dict[str, Label]:
    """Make texts of all labels unless all are numbers, and check that numbers are classes."""
    numbers = [label for label in labels.values() if isinstance(label, int)]
    if not labels or len(numbers) < len(labels):
        return {file: str(label) for file, label in labels.items()}
    if min(numbers) < 0 or max(numbers) >= MOST_CLASSES:
        raise DataError(
            f"{shown}: labels lie in {min(numbers)}..{max(numbers)}, expected numbers from 0, below {MOST_CLASSES:,}. "
            "Number the classes from 0, or write their names."
        )
    check_numbers(np.array(numbers), "labels", f"{shown}: labels", FEW)
    return labels


def match(names: Sequence[str], labels: Mapping[str, Label], shown: str) -> tuple[list[int], list[str]]:
    """Give each picture its label.

    Args:
        names: Paths of the pictures.
        labels: Labels by path, not empty. A path without suffix, as tables of Kaggle have them, names the picture
            that has it without suffix.
        shown: Name of the label file, for messages.

    Returns:
        The label of each picture, and the names of the classes: texts in alphabetical order, or "0", "1", ...

    Raises:
        DataError: A picture has no label, or a label no picture.
    """
    by_stem = {} if any(name in labels for name in names) else {name.rpartition(".")[0]: name for name in names}
    found = {by_stem.get(file, file): label for file, label in labels.items()}
    unlabelled = [name for name in names if name not in found]
    if unlabelled:
        raise DataError(
            f"{shown} has no label for {len(unlabelled):,} of {len(names):,} pictures, such as {unlabelled[0]}. Add "
            'them, move those pictures elsewhere, or set labels = "folders" or "none".'
        )
    if len(found) > len(names):
        absent = sorted(found.keys() - {*names})
        raise DataError(
            f"{shown} has labels of {len(absent):,} pictures that are not there, such as {absent[0]}. Put them "
            "there, or remove those rows."
        )
    values = [found[name] for name in names]
    if all(isinstance(value, int) for value in values):
        return [int(value) for value in values], [str(k) for k in range(int(max(values)) + 1)]
    classes = sorted({str(value) for value in values})
    index = {name: k for k, name in enumerate(classes)}
    return [index[str(value)] for value in values], classes
