"""Examples that a shared translator is shown on: those of the dataset that its config.json names.

An export may come from anybody. It must not choose which pictures of this machine are read, or how much is generated.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ganzoo.config import instantiate
from ganzoo.config.component import Blueprint
from ganzoo.config.parser import flat
from ganzoo.data.sources import data_root, find_data
from ganzoo.errors import DataError, IncompatibleError, one_line
from ganzoo.interfaces import Dataset
from ganzoo.utils.unicode import composed

PLACES = ("path", "file", "folder", "root")  # settings that name files
MOST_EXAMPLES = 2**24
MOST_VALUES = 2**28  # of data that is generated as a whole, which takes seconds: 340,000 images of 28x28
OTHERS = "Name pictures yourself: `ganzoo sample EXPORT --input FOLDER`."


def make(blueprint: Blueprint, seed: int) -> Dataset:
    """Make the dataset of an export, unless it would read files of this machine, or generate data without end.

    Datasets that are published, such as MNIST, are read where `ganzoo data get` has put them.

    Args:
        blueprint: The dataset and its settings.
        seed: Seed of its random parts.

    Returns:
        The dataset.

    Raises:
        DataError: It names a place of this machine.
        IncompatibleError: It is larger than any example needs, or refuses its settings.
    """
    name = blueprint.entry.name
    for key, value in flat(dict(blueprint.settings)):
        for text in _texts(value):
            if _is_place(key, text):
                raise DataError(
                    f"this model asks for data of this machine, dataset.{key}={one_line(repr(text))}. It may come from "
                    "anybody, so that is not read unasked."
                )
    dataset = instantiate.dataset_from(blueprint, seed)
    examples = len(dataset)
    generated = dataset.in_memory and not dataset.sources()
    if examples > MOST_EXAMPLES or (generated and examples * dataset.spec.size > MOST_VALUES):
        raise IncompatibleError(
            f"this model asks for {examples:,} examples of shape {dataset.spec.shape} from dataset {name}, more than "
            f"are generated for a model that may come from anybody. {OTHERS}"
        )
    return dataset


def _texts(value: Any) -> Iterator[str]:
    """Yield the texts in a setting, however deep they lie in lists and tables."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        yield from _texts([*value, *value.values()])


def _is_place(key: str, value: str) -> bool:
    """Return whether a setting names a file or folder of this machine, or could.

    Names count in any Unicode form: datasets find a folder whose name has its accents apart, or together.
    """
    if key.rpartition(".")[2] in PLACES or value.startswith("~"):
        return True
    if not value:
        return False
    try:
        roots = (Path(), data_root())
        return Path(value).is_absolute() or any(_exists(root, value) for root in roots) or find_data(value) is not None
    except (OSError, ValueError):  # too long for a name, or with a NUL in it
        return False


def _exists(root: Path, value: str) -> bool:
    """Return whether a path leads somewhere, when names are compared in Unicode's composed form."""
    if (root / value).exists():
        return True
    folders = [root]
    for name in Path(value).parts:
        same = composed(name)
        children = [child for folder in folders if folder.is_dir() for child in (*folder.iterdir(), folder / name)]
        folders = [child for child in children if composed(child.name) == same and child.exists()]
    return bool(folders)
