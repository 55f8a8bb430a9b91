"""Class folders, told from the parts of a published dataset, such as train and test."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ganzoo import DataError
from ganzoo_builtins.datasets.files import subfolders
from ganzoo_builtins.datasets.left_alone import counted, printable
from ganzoo_builtins.datasets.trees import Tree

SHOWN = 10  # names of folders in one message
PARTS = {
    "training": ("train", "training", "trn"),
    "validation": ("val", "valid", "validation", "dev", "eval", "evaluation"),
    "test": ("test", "testing", "tst", "holdout", "heldout"),
}
"""Words in the name of a folder that holds a part of a published dataset."""
FILLERS = ("set", "data", "dataset", "split", "image", "images", "img", "imgs", "pictures", "photos", "seg", "a", "b")


def class_names(tree: Tree) -> list[str]:
    """Return the names of the folders in the root of a tree, without hidden ones and links.

    Args:
        tree: The files.

    Returns:
        The names, in alphabetical order.

    Raises:
        DataError: The subfolders are the parts of a dataset, such as train and test, and no classes.
    """
    names = subfolders(tree)
    parts = {name: part for name in names if (part := part_of_dataset(name))}
    if parts and (len(parts) == len(names) or len(set(parts.values())) > 1):
        listed = ", ".join(map(printable, list(parts)[:SHOWN]))
        best = next((name for name, part in parts.items() if part == "training"), next(iter(parts)))
        raise DataError(
            f"the folders in {tree.place} are parts of a dataset, not classes: {listed}. Use one of them, such as "
            f"path={tree.shown(best)}; or rename them if they are classes."
        )
    return names


def part_of_dataset(name: str) -> str:
    """Return which part of a dataset the name of a folder stands for, or "".

    Args:
        name: The name, such as "train", "Testing", "val2017", "trainA" or "test_images".

    Returns:
        "training", "validation", "test" or "".
    """
    words = [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)]
    words = [word.removesuffix("set") or word for word in words]
    found = [part for part, synonyms in PARTS.items() if set(words) & set(synonyms)]
    others = [word for word in words if word not in FILLERS and not any(word in each for each in PARTS.values())]
    return found[0] if len(found) == 1 and not others else ""


def remarks(tree: Tree, names: Sequence[str], files: Iterable[str]) -> list[str]:
    """Return what the names and depth of class folders should make their owner look at, a sentence each.

    Args:
        tree: The files.
        names: Names of the class folders.
        files: Paths of the image files in them, below the root.

    Returns:
        The sentences.
    """
    sentences = []
    if parts := [name for name in names if part_of_dataset(name)]:
        count, them, are = (
            ("counts as a class", "it", "it is one")
            if len(parts) == 1
            else ("count as classes", "them", "they are such")
        )
        listed = ", ".join(map(printable, parts[:SHOWN]))
        sentences.append(f"{listed} {count}, although parts of datasets are called so; if {are}, move {them} elsewhere")
    if nested := _nested_folders(files) if names else {}:
        name, inside = next(iter(nested.items()))
        shown = ", ".join(printable(folder) for folder in inside[:SHOWN]) + (", ..." if len(inside) > SHOWN else "")
        remedy = f"; to make classes of them, set path={printable(tree.shown(name))}" if len(names) == 1 else ""
        merged = counted(len(nested), len(names), "class", "{have} folders inside, whose pictures are merged")
        sentences.append(f"{merged}: {printable(name)} has {shown}{remedy}")
    return sentences


def _nested_folders(files: Iterable[str]) -> dict[str, list[str]]:
    """Return the names of the folders inside class folders that hold images, by class."""
    nested: dict[str, dict[str, None]] = {}  # of ordered sets
    for path in files:
        if path.count("/") > 1:
            name, folder, _ = path.split("/", 2)
            nested.setdefault(name, {})[folder] = None
    return {name: list(inside) for name, inside in nested.items()}
