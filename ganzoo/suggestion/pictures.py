"""A look at pictures to train on: their number, sizes, colours and classes."""

from __future__ import annotations

import statistics
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from ganzoo.config.component import Blueprint, from_table
from ganzoo.config.instantiate import dataset_from
from ganzoo.config.overrides import override
from ganzoo.config.signature import describe
from ganzoo.data.sources import data_root, with_home
from ganzoo.errors import DataError, RecipeError, did_you_mean
from ganzoo.interfaces import Dataset, Spec
from ganzoo.registry.zoo import Zoo

FOLDER = "folder"  # the dataset of a folder of pictures
FEWEST = 50  # pictures
SIDES = (128, 64, 32)  # sides that are proposed
SMALLEST = 28  # side for smaller pictures
ENLARGED = 1.1  # how much pictures may be enlarged to reach a side
SEEN = 256  # pictures whose colours are looked at
ALIKE = 16  # difference of pixel values that still count as one colour
OUTLOOK = (
    (500, "so few pictures are learned by heart: expect near copies and mixtures of them"),
    (5_000, "enough to be recognised; more pictures give more variety"),
    (50_000, "enough for varied samples"),
)


@dataclass(frozen=True)
class Pictures:
    """Pictures to train on.

    Attributes:
        dataset: Their dataset.
        spec: Shape of one picture, and number of classes.
        count: Number of pictures.
        sides: Sides to train at, the largest first.
        classes: Number of pictures of each class; empty without labels.
        short_sides: Shorter side of each picture file; empty if unknown.
        remarks: Sentences on the pictures, such as how many cannot be read.
        border: Value in [-1, 1] that most of the outermost pixels have, such as 1 on white; 0 where they differ.
        seconds: Time in which all of them were read.
        streamed: They are too many for the memory, and are read while training.
    """

    dataset: Blueprint
    spec: Spec
    count: int
    sides: tuple[int, ...]
    classes: Mapping[str, int]
    short_sides: Sequence[int]
    remarks: Sequence[str]
    border: float
    seconds: float
    streamed: bool

    def at(self, side: int) -> Pictures:
        """Return the same pictures, brought to another side."""
        if side == self.spec.shape[-1]:
            return self
        dataset = replace(self.dataset, settings={**self.dataset.settings, "size": side})
        return replace(self, dataset=dataset, spec=replace(self.spec, shape=(self.spec.shape[0], side, side)))

    @property
    def outlook(self) -> str:
        """The samples to expect from so many pictures, in one clause."""
        for limit, text in OUTLOOK:
            if self.count < limit:
                return text
        return "enough for varied samples; a longer training gains most"


def look(place: str, settings: Sequence[str], zoo: Zoo) -> Pictures:
    """Look at all pictures of a folder, or at a dataset of the zoo.

    Args:
        place: A folder, or the name of a dataset.
        settings: Settings of the dataset, as `setting=value`.
        zoo: The components.

    Returns:
        The pictures.

    Raises:
        DataError: There is no such folder or dataset; there are no pictures, too few, or too many that cannot be read.
        RecipeError: A setting is wrong, or the dataset holds no square images.
    """
    in_folder = _is_folder(place, zoo)
    blueprint = _blueprint(place, in_folder, settings, zoo)
    dataset = dataset_from(blueprint, seed=0)
    spec = dataset.spec
    if not spec.is_image or spec.shape[1] != spec.shape[2]:
        raise RecipeError(
            f"dataset {place} holds samples of shape {spec.shape}; recipes are suggested for square images."
        )
    start = time.monotonic()
    count = len(dataset)
    if count < FEWEST:
        raise DataError(_too_few(place, count))
    streamed = dataset.tensors() is None
    seconds = time.monotonic() - start
    if in_folder:
        blueprint, spec = _final(blueprint, dataset, settings)
    short_sides = [min(size) for size in dataset.original_sizes()]
    return Pictures(
        dataset=blueprint,
        spec=spec,
        count=count,
        sides=_sides(blueprint, spec, short_sides, settings),
        classes=_classes(dataset),
        short_sides=short_sides,
        remarks=dataset.remarks(),
        border=_border(dataset),
        seconds=seconds,
        streamed=streamed,
    )


def _is_folder(place: str, zoo: Zoo) -> bool:
    """Return True for a folder or a zip file, False for the name of a dataset."""
    path = with_home(place)
    if path.is_dir() or (data_root() / path).is_dir() or (zipfile.is_zipfile(path) and path.suffix != ".npz"):
        return True
    if path.is_file():
        unpack = f"ganzoo suggest npz path={place}" if path.suffix == ".npz" else "unpack it first if it is an archive"
        raise DataError(f"{place} is a file, and a GAN learns from many pictures. Give a folder of them ({unpack}).")
    names = [entry.name for entry in zoo.entries("dataset")]
    if place.rpartition("/")[2] not in names:
        raise DataError(f"no folder {place!r}, and no dataset of that name.{did_you_mean(place, names)}")
    return False


def _blueprint(place: str, in_folder: bool, settings: Sequence[str], zoo: Zoo) -> Blueprint:
    table = {"use": FOLDER, "path": place, "bad_images": "skip"} if in_folder else {"use": place}
    for setting in settings:
        if "=" not in setting:
            raise RecipeError(f"{setting!r}: write setting=value, such as size=64")
    tree: dict[str, Any] = {"dataset": table}
    override(tree, [f"dataset.{setting}" for setting in settings], zoo)
    blueprint = from_table("dataset", tree["dataset"], zoo)
    if problems := blueprint.problems():
        raise RecipeError("\n".join(problems))
    return blueprint


def _final(blueprint: Blueprint, dataset: Dataset, given: Sequence[str]) -> tuple[Blueprint, Spec]:
    """Return the dataset of a folder as the recipe will have it: grey for grey pictures, without idle settings."""
    spec = dataset.spec
    settings = {**blueprint.settings, "size": spec.shape[-1]}
    if not any("cannot be read" in remark for remark in dataset.remarks()):
        del settings["bad_images"]
    if not any(setting.startswith("channels=") for setting in given) and _all_grey(dataset):
        settings["channels"] = 1
        spec = replace(spec, shape=(1, *spec.shape[1:]))
    return replace(blueprint, settings=settings), spec


def _all_grey(dataset: Dataset) -> bool:
    """Return True when red, green and blue are equal in all pictures, or in SEEN of them, evenly spaced."""
    if dataset.spec.shape[0] == 1:
        return True
    return all(bool((x == x[:1]).all()) for x in _some(dataset))


def _border(dataset: Dataset) -> float:
    """Return the value of most of the outermost pixels, in [-1, 1], or 0 where no value has most of them."""
    edges = [edge for x in _some(dataset) for edge in (x[:, 0], x[:, -1], x[:, :, 0], x[:, :, -1])]  # each (C, side)
    values = torch.cat(edges, dim=1).int()
    middle = values.median()
    alike = (values - middle).abs() <= ALIKE
    return round(middle.item() / 127.5 - 1, 2) if alike.float().mean() > 0.5 else 0.0


def _some(dataset: Dataset) -> Iterator[Tensor]:
    """Yield SEEN pictures (C, H, W), evenly spaced."""
    for i in range(0, len(dataset), -(-len(dataset) // SEEN)):
        yield dataset[i]["x"]


def _sides(blueprint: Blueprint, spec: Spec, short_sides: Sequence[int], given: Sequence[str]) -> tuple[int, ...]:
    side = spec.shape[-1]
    if any(setting.startswith("size=") for setting in given) or "size" not in describe(blueprint.entry).settings:
        return (side,)
    if not short_sides:  # no files: the images have the side that they were published with
        return (side, *(smaller for smaller in SIDES if smaller <= side / 2))
    largest = ENLARGED * statistics.median(short_sides)
    return tuple(proposed for proposed in SIDES if proposed <= largest) or (SMALLEST,)


def _classes(dataset: Dataset) -> dict[str, int]:
    classes = dataset.spec.classes
    labels = dataset.all_labels() if classes > 1 else None
    if labels is None:
        return {}
    names = list(dataset.class_names) or [str(label) for label in range(classes)]
    return dict(zip(names, labels.bincount(minlength=classes).tolist(), strict=True))


def _too_few(place: str, count: int) -> str:
    if count == 1:
        return (
            f"{place} holds one picture, and a GAN learns from many. To learn from parts of it, cut it into at least "
            f"{FEWEST} squares."
        )
    return (
        f"{place} holds {count} pictures, too few to learn from: a GAN would only repeat them. From {FEWEST} on it "
        "makes near copies and mixtures, from a few thousand on varied pictures. Add more."
    )
