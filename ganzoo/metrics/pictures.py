"""Pictures of any tool: opened in the size and colours of the data that they are judged against."""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ganzoo.config import instantiate
from ganzoo.config.component import Blueprint
from ganzoo.errors import DataError, GanzooError, IncompatibleError, RecipeError
from ganzoo.interfaces import Dataset, Spec
from ganzoo.metrics.reference import Part, random_order
from ganzoo.registry.zoo import Zoo
from ganzoo.utils.unicode import composed

FEWEST = 2  # pictures
LOOKED_AT = 32  # pictures of a folder, evenly spaced, by which its size and colours are known
LARGEST_SIDE = 128  # pixels; what a folder's pictures are brought to unless a size is given
COLOURED = 2.0  # of 255; mean difference of the channels of a picture above which it has colours
FOLDER, ARRAYS = "ganzoo/folder", "ganzoo/npz"


@dataclass(frozen=True)
class Pictures:
    """The pictures of one place.

    Args:
        place: The place, as it was given.
        dataset: The pictures, in the format of the reference.
        labels: Class of each picture among those of the reference (N,), or None.
        remarks: What is worth knowing about them, a sentence each.
    """

    place: str
    dataset: Dataset
    labels: Tensor | None
    remarks: tuple[str, ...]

    def part(self, n: int) -> Part:
        """Return the first n pictures in a fixed random order."""
        return Part(self.dataset, random_order(len(self.dataset))[:n], f"{n:,} of {len(self.dataset):,} pictures")

    def resized(self, part: Part) -> tuple[str, ...]:
        """Return what was done to pictures of another size than the reference's, once they were read.

        Args:
            part: The pictures that were read.

        Returns:
            A sentence, or none if all had this size.
        """
        height, width = self.dataset.spec.shape[1:] if self.dataset.spec.is_image else (0, 0)
        sizes = Counter(self.dataset.original_sizes())
        others = {size: count for size, count in sizes.items() if size != (height, width)}
        if not others:
            return ()
        size, count = max(others.items(), key=lambda item: item[1])
        enlarged = sum(count for size, count in others.items() if min(size) < height)
        text = f"{sum(others.values()):,} of {sizes.total():,} were resized to {width}x{height}"
        text += f", such as {count:,} of {size[1]}x{size[0]}"
        return (f"{text}; {enlarged:,} were enlarged, which looks blurred" if enlarged else text,)


def reference(place: str, settings: Mapping[str, Any], judged: Iterable[str], zoo: Zoo) -> Blueprint:
    """Return the data that pictures are judged against.

    Args:
        place: A folder or zip file, an .npz file, or the name of a dataset.
        settings: Settings of the dataset.
        judged: The places that are judged; a folder is brought to the size of their arrays.
        zoo: The datasets.

    Returns:
        The dataset with its settings.

    Raises:
        GanzooError: There is no such place or dataset, or it cannot be read.
        RecipeError: A setting is wrong.
    """
    path = Path(place)
    if _has_pictures(path):
        entry = zoo.find("dataset", FOLDER)
        settings = {"path": str(path), **_format(path, settings, judged, zoo), **settings}
    elif path.suffix.lower() == ".npz" and path.is_file():
        entry, settings = zoo.find("dataset", ARRAYS), {"path": str(path), **settings}
    else:
        _refuse_file(path)
        try:
            entry = zoo.find("dataset", place)
        except GanzooError as error:
            raise GanzooError(f"{place!r} is no folder and no .npz file. {error.message}") from error
    blueprint = Blueprint(entry, settings)
    if problems := blueprint.problems():
        raise RecipeError("\n".join(problems))
    return blueprint


def facts(blueprint: Blueprint) -> dict[str, Any]:
    """Return name and settings of the data for a protocol, which says by a digest where the data is what it was."""
    filled = blueprint.filled()
    if blueprint.entry.full_name in (FOLDER, ARRAYS):
        del filled["path"]
    return filled


def fit(blueprint: Blueprint) -> str:
    """Return how pictures of other shapes are brought to squares: as those of the reference, if it is a folder."""
    return str(blueprint.settings.get("fit", "crop")) if blueprint.entry.full_name == FOLDER else "crop"


def opened(place: str, against: Blueprint, data: Dataset, zoo: Zoo) -> Pictures:
    """Open the pictures of a place in the format of the reference.

    Args:
        place: A folder or zip file of pictures, or an .npz file.
        against: The reference.
        data: The reference, built.
        zoo: The datasets.

    Returns:
        The pictures, most of which are not read yet.

    Raises:
        DataError: There are none, or too few, or they cannot be read.
        IncompatibleError: Their size or channels differ from those of the reference, and they are not converted.
    """
    path = Path(place)
    remarks: list[str] = []
    if _has_pictures(path):
        dataset = _folder(path, against, data.spec, zoo)
        remarks += _colours(path, data, zoo)
    elif path.suffix.lower() == ".npz" and path.is_file():
        dataset = instantiate.dataset_from(Blueprint(zoo.find("dataset", ARRAYS), {"path": str(path)}), 0)
        _check_shape(place, dataset.spec, data.spec)
    else:
        _refuse_file(path)
        raise DataError(f"{place}: there is no such folder or .npz file. Name a folder of pictures.")
    if len(dataset) < FEWEST:
        raise DataError(
            f"{place} has {len(dataset)} picture, and a set of pictures is judged, not one: give {FEWEST} at least, "
            "better 2,000."
        )
    labels = _labels(dataset, data, numbered=not _has_pictures(path))
    if dataset.spec.classes and labels is None:
        remarks.append("its classes are not those of the real data, and are not used")
    return Pictures(place, dataset, labels, (*dataset.remarks(), *remarks))


def _folder(path: Path, against: Blueprint, spec: Spec, zoo: Zoo) -> Dataset:
    """Open a folder in the size and channels of a reference."""
    shape = spec.shape
    if len(shape) != 3 or shape[1] != shape[2] or shape[0] not in (1, 3):
        raise IncompatibleError(
            f"{path} has pictures, which are read as squares, and the samples of {against.entry.name} have the shape "
            f"{tuple(shape)}. Give an .npz file of such samples, or a size=... of square pictures."
        )
    settings = {"path": str(path), "size": shape[1], "channels": shape[0], "fit": fit(against)}
    return instantiate.dataset_from(Blueprint(zoo.find("dataset", FOLDER), settings), 0)


def _format(path: Path, settings: Mapping[str, Any], judged: Iterable[str], zoo: Zoo) -> dict[str, Any]:
    """Return size and channels of the pictures of a folder: of the arrays judged against it, or its own."""
    for other in judged:
        if Path(other).suffix.lower() == ".npz" and Path(other).is_file():
            spec = instantiate.dataset_from(Blueprint(zoo.find("dataset", ARRAYS), {"path": other}), 0).spec
            if spec.is_image:
                return {"size": spec.shape[1], "channels": spec.shape[0]}
    if {"size", "channels"} <= settings.keys():
        return {}
    probe = instantiate.dataset_from(Blueprint(zoo.find("dataset", FOLDER), {"path": str(path), "size": 64}), 0)
    coloured = [_has_colours(x) for x in _some(probe)]
    sides = Counter(min(size) for size in probe.original_sizes())
    side = max(sides, key=lambda side: (sides[side], side)) if sides else LARGEST_SIDE
    return {"size": min(side, LARGEST_SIDE), "channels": 3 if any(coloured) else 1}


def _colours(path: Path, data: Dataset, zoo: Zoo) -> Iterator[str]:
    """Yield a remark on grey pictures judged against colour; refuse colour judged against grey."""
    settings = {"path": str(path), "size": 64, "channels": 3}
    probe = instantiate.dataset_from(Blueprint(zoo.find("dataset", FOLDER), settings), 0)
    coloured = [_has_colours(x) for x in _some(probe)]
    if data.spec.shape[0] == 1 and sum(coloured) * 2 > len(coloured):
        raise IncompatibleError(
            f"{path} has pictures in colour, and the real ones are grey: convert them to grey, or name real pictures "
            "in colour (channels=3 for a folder)."
        )
    if data.spec.shape[0] == 3 and not any(coloured):
        yield "they are grey, and the real ones are in colour"


def _some(dataset: Dataset) -> Iterator[Tensor]:
    """Yield some pictures of a folder, evenly spaced."""
    for i in range(0, len(dataset), max(1, -(-len(dataset) // LOOKED_AT))):
        yield dataset[i]["x"]


def _has_colours(x: Tensor) -> bool:
    """Return True for a picture (3, H, W), uint8, whose channels differ."""
    return float((x.amax(0).float() - x.amin(0).float()).mean()) > COLOURED


def _check_shape(place: str, spec: Spec, wanted: Spec) -> None:
    if spec.shape != wanted.shape or bool(spec.vocab) != bool(wanted.vocab):
        raise IncompatibleError(
            f"{place}: its samples have the shape {tuple(spec.shape)}, and the real ones {tuple(wanted.shape)}. Arrays "
            "are not resized: give a size=... and channels=... of the real data that fits, or a folder of pictures."
        )


def _labels(dataset: Dataset, data: Dataset, numbered: bool) -> Tensor | None:
    """Return the class among those of the reference of each picture, or None if these are not its classes.

    The classes of arrays are numbered; folders are found by their names.
    """
    if not dataset.spec.classes or not data.spec.classes or (labels := dataset.all_labels()) is None:
        return None
    if numbered or not data.class_names:
        return labels.long() if dataset.spec.classes <= data.spec.classes else None
    known = {composed(str(name)): i for i, name in enumerate(data.class_names)}
    classes = [known.get(composed(str(name))) for name in dataset.class_names]
    if None in classes:
        return None
    return torch.tensor(classes)[labels]


def _has_pictures(path: Path) -> bool:
    """Return True for a folder or zip file, which the dataset `folder` reads."""
    return path.is_dir() or (path.suffix.lower() == ".zip" and zipfile.is_zipfile(path))


def _refuse_file(path: Path) -> None:
    """Refuse a file that holds pictures in another form than an .npz."""
    if path.suffix.lower() == ".npz" and not path.is_file():
        raise DataError(f"{path}: there is no such file.")
    if path.is_file():
        raise DataError(f"{path} is no folder, zip file or .npz file: name the folder that it is in.")
