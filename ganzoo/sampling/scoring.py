"""Scores of given samples: where they are read from, and files of one row a sample, written while they are scored."""

from __future__ import annotations

import csv
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

import torch
from torch import Tensor

from ganzoo.config import instantiate
from ganzoo.config.component import Blueprint
from ganzoo.data.loader import normalised
from ganzoo.errors import DataError, GanzooError
from ganzoo.interfaces import Batch, Dataset
from ganzoo.registry.zoo import Zoo
from ganzoo.sampling.model import Model
from ganzoo.utils.unicode import composed, well_formed

FORMATS = (".csv", ".json")


class Scored(NamedTuple):
    """The score of one sample, and its name: its file below the folder, or its number."""

    name: str
    score: float


@contextmanager
def opened(place: str, model: Model, zoo: Zoo) -> Iterator[Dataset]:
    """Open samples to score, in the size and colours that the model was trained on.

    Args:
        place: A folder of pictures, a picture, an .npz file of arrays, or the name of a dataset; of the data that the
            model was trained on, with the settings of its recipe.
        model: The model.
        zoo: The datasets.

    Yields:
        The samples, none of which has been read.

    Raises:
        GanzooError: There is no such place, or its samples have another shape.
    """
    path = Path(place)
    with tempfile.TemporaryDirectory() as home:
        if path.is_dir():
            dataset = _pictures(path, model, zoo)
        elif path.suffix.lower() == ".npz":
            dataset = zoo.find("dataset", "ganzoo/npz").load()(path=str(path))
        elif path.is_file():
            shutil.copyfile(path, Path(home) / path.name)
            dataset = _pictures(Path(home), model, zoo)
        else:
            dataset = _named(place, model, zoo)
        spec = dataset.spec
        if (spec.shape, bool(spec.vocab)) != (model.spec.shape, bool(model.spec.vocab)):
            raise GanzooError(
                f"{place}: its samples have the shape {tuple(spec.shape)}, and this GAN was trained on "
                f"{tuple(model.spec.shape)}. Give other samples, or another run."
            )
        yield dataset


def scores(model: Model, dataset: Dataset, label: str | None = None) -> Iterator[Scored]:
    """Score samples one part after the other, so that any number of them fits in memory.

    Args:
        model: The model.
        dataset: The samples.
        label: Class of all samples, for a discriminator that judges them under their labels; by default the labels of
            the dataset, whose classes are found by their names if they have any.

    Yields:
        Name and score of each sample, in the order of the dataset.

    Raises:
        GanzooError: The model cannot score, labels are missing, or there is no such class.
        DataError: A sample cannot be read.
    """
    classes = _classes(model, dataset) if label is None else None
    size = model.chunk(len(dataset))
    for start in range(0, len(dataset), size):
        indices = range(start, min(start + size, len(dataset)))
        batch = _read(dataset, indices)
        if "x" not in batch:
            raise DataError("these are pairs of samples, and a discriminator is asked for single ones. Give pictures.")
        y = label if classes is None or "y" not in batch else classes[batch["y"]]
        for i, score in zip(indices, model.score(batch["x"], y).tolist(), strict=True):
            yield Scored(well_formed(dataset.example_name(i)), score)


def write(rows: Iterator[Scored], file: IO[str], suffix: str) -> None:
    """Write scores as they come.

    Args:
        rows: The scores.
        file: Where to; opened with newline="".
        suffix: ".csv" for a table with a header, ".json" for a list of objects.
    """
    if suffix == ".csv":
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(Scored._fields)
        writer.writerows((row.name, f"{row.score:.9g}") for row in rows)
        return
    separator = "[\n "
    for row in rows:
        file.write(separator + json.dumps(row._asdict()))
        separator = ",\n "
    file.write("[]\n" if separator.startswith("[") else "\n]\n")


def _pictures(folder: Path, model: Model, zoo: Zoo) -> Dataset:
    shape = model.spec.shape
    if len(shape) != 3:
        raise GanzooError(f"this GAN was trained on samples of shape {tuple(shape)}, which are no pictures.")
    reader = zoo.find("dataset", "ganzoo/folder").load()
    pictures: Dataset = reader(path=str(folder), size=shape[1:], channels=shape[0])
    return pictures


def _named(name: str, model: Model, zoo: Zoo) -> Dataset:
    recipe = model.recipe
    if recipe and name in (recipe.dataset.entry.name, recipe.dataset.entry.full_name):
        return instantiate.dataset(recipe)
    try:
        entry = zoo.find("dataset", name)
    except GanzooError as error:
        raise GanzooError(f"{name!r} is no folder and no file. {error.message}") from error
    return instantiate.dataset_from(Blueprint(entry), 0)


def _classes(model: Model, dataset: Dataset) -> Tensor | None:
    """Return the model's class of each class of the dataset, None where labels have no use."""
    if not dataset.spec.classes or not model.scores_by_label:
        return None
    if not dataset.class_names or not model.class_names:
        return torch.arange(dataset.spec.classes)
    return torch.tensor([model.index(composed(str(name))) for name in dataset.class_names])


def _read(dataset: Dataset, indices: range) -> Batch:
    """Return some examples as a batch, without loading a dataset that is read one example at a time."""
    if dataset.in_memory and (tensors := dataset.tensors()) is not None:
        return normalised({key: value[list(indices)] for key, value in tensors.items()})
    examples = [dataset[i] for i in indices]
    return normalised({key: torch.stack([example[key] for example in examples]) for key in examples[0]})
