"""Your own pictures in shards of WebDataset: tar files, read by index, so that the order is that of any other data."""

from __future__ import annotations

import json
import os
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import PositiveFloat, PositiveInt
from torch import Tensor

from ganzoo import DataError
from ganzoo_builtins.datasets.columns import NONE, class_labels
from ganzoo_builtins.datasets.image_decoder import SUFFIXES, Bits, Fit
from ganzoo_builtins.datasets.left_alone import counted
from ganzoo_builtins.datasets.paths import find_files
from ganzoo_builtins.datasets.pictures import Pictures, decoder

LARGEST_HEADER = 2**20  # bytes that tarfile may read at once: names of any declared length
LARGEST_LABEL = 2**16  # bytes of a file that holds a label
LARGEST_PICTURE = 2**28  # bytes


@dataclass
class Index:
    """Places of the pictures in all shards.

    Attributes:
        keys: Name of each sample, without suffixes.
        places: Shard, offset and size of each picture.
        labels: Content of each label file, None for a sample without.
        without: Number of samples without a picture.
    """

    keys: list[str] = field(default_factory=list)
    places: list[tuple[int, int, int]] = field(default_factory=list)
    labels: list[str | None] = field(default_factory=list)
    without: int = 0


class WebDataset(Pictures):
    """Pictures in tar files, in which the files of a sample follow each other: 000.jpg, 000.cls, 001.jpg, ...

    x: uint8 (N, channels, H, W), or float32 with depth = "full"; y: int64 (N,). The headers of all shards are read
    once, and pictures then by their place: in any order, as often as needed. Shards are read in the order of their
    names. Pictures are decoded like those of `folder`. Nothing is unpickled, and other files of samples are not read.

    Args:
        path: A .tar file, or a folder of them, relative to the current folder or to the data root.
        size: Side of the square that every image is brought to, or [height, width].
        channels: 3 for colour, 1 for grey; or as for `folder`.
        fit: "crop" cuts out the centre, "pad" adds background, "resize" changes the aspect ratio.
        background: A colour, by name or as [red, green, blue]; also used for transparent pixels.
        max_megapixels: Larger images are refused, and not decoded.
        max_value: The number that is white; see `folder`.
        depth: "8" for what a viewer shows, "full" for the numbers of the files; see `folder`.
        min_value: The number that is black, with depth = "full"; by default 0.
        image: Suffix of the pictures, such as "jpg" or "left.png"; by default any suffix of pictures.
        label: Suffix of the files with a class, a whole number or a text, such as "cls"; "json" for the entry "label"
            of JSON files; "none" leaves labels out. Where no sample has such a file, there are no labels.
        cache: Keep decoded pictures on disk, in the cache folder, so that each is decoded once.
    """

    def __init__(
        self,
        path: str,
        size: PositiveInt | tuple[PositiveInt, PositiveInt] = 64,
        channels: PositiveInt = 3,
        fit: Fit = "crop",
        background: str | tuple[int, int, int] = "white",
        max_megapixels: PositiveInt = 64,
        max_value: PositiveFloat | None = None,
        depth: Bits = "8",
        min_value: float | None = None,
        image: str = "",
        label: str = "cls",
        cache: bool = False,
    ):
        super().__init__(
            decoder("webdataset", size, channels, fit, background, depth, min_value, max_value, max_megapixels),
            cache,
        )
        self.path = path
        self.image = image
        self.label = label
        self._opened: dict[int, int] = {}
        self._owner = 0

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_opened": {}, "_owner": 0}

    @cached_property
    def shards(self) -> list[Path]:
        """The tar files. Reading this raises DataError when there are none."""
        return find_files(self.path, (".tar",))

    @cached_property
    def class_names(self) -> tuple[str, ...]:  # type: ignore[override]  # known once the shards are indexed
        return self._classes[1]

    def __len__(self) -> int:
        return len(self._index.keys)

    def all_labels(self) -> Tensor | None:
        return self._classes[0]

    def example_name(self, i: int) -> str:
        return f"{self.shards[self._index.places[i][0]].name}/{self._index.keys[i]}"

    def source(self, i: int) -> bytes:
        shard, offset, size = self._index.places[i]
        data = os.pread(self._file(shard), size, offset)
        if len(data) < size:
            raise DataError(f"{self.shards[shard]} was cut off. Copy it again.")
        return data

    def stamps(self) -> Iterator[str]:
        for shard in self.shards:
            yield f"{shard.name}\0{shard.stat().st_size}"
        yield repr((self.image, self.label))

    def remarks(self) -> list[str]:
        """Return how many samples have no picture; and once all images were decoded, what was converted."""
        number = self._index.without
        left = (
            [counted(number, number + len(self), "sample", "{have} no picture and {were} left alone")] if number else []
        )
        return left + super().remarks()

    def _file(self, shard: int) -> int:
        """Return the descriptor of a shard, opened once per process."""
        if self._owner != os.getpid():
            self._opened = {}
            self._owner = os.getpid()
        if shard not in self._opened:
            self._opened[shard] = os.open(self.shards[shard], os.O_RDONLY)
        return self._opened[shard]

    @cached_property
    def _index(self) -> Index:
        index = Index()
        for number, shard in enumerate(self.shards):
            try:
                self._add(index, number, shard)
            except (tarfile.TarError, EOFError, ValueError, OSError) as error:
                raise DataError(
                    f"{shard} is no tar file that can be read by index: {error}. Unpack a compressed one by gunzip or "
                    "the like, or copy a damaged one again."
                ) from error
        if not index.keys:
            raise DataError(f"{self.path} has no pictures ({', '.join(SUFFIXES)}). Set image to their suffix.")
        return index

    def _add(self, index: Index, number: int, shard: Path) -> None:
        """Add the samples of a shard to the index."""
        key, sample, picture, label = "", False, None, None
        with shard.open("rb") as file, tarfile.open(fileobj=_Bounded(file), mode="r:") as archive:  # type: ignore[call-overload]
            while (info := archive.next()) is not None:
                archive.members.clear()  # a list of all of them, which would take a kilobyte for each
                if not info.isreg():
                    continue
                name, _, suffix = info.name.rpartition("/")[2].partition(".")
                name = f"{info.name.rpartition('/')[0]}/{name}".lstrip("/")
                if name != key:
                    _finish(index, key, sample, picture, label)
                    key, sample, picture, label = name, True, None, None
                if self._is_picture(suffix):
                    picture = (number, info.offset_data, info.size)
                elif suffix == self.label and self.label != NONE and info.size <= LARGEST_LABEL:
                    label = os.pread(file.fileno(), info.size, info.offset_data).decode()
        _finish(index, key, sample, picture, label)

    def _is_picture(self, suffix: str) -> bool:
        return suffix == self.image if self.image else f".{suffix.lower()}" in SUFFIXES

    @cached_property
    def _classes(self) -> tuple[Tensor | None, tuple[str, ...]]:
        """The labels and the names of the classes."""
        labels = self._index.labels
        missing = labels.count(None)
        if missing == len(labels):
            return None, ()
        if missing:
            name = self._index.keys[labels.index(None)]
            raise DataError(
                f"{missing:,} of {len(labels):,} samples of {self.path} have no .{self.label}, such as {name}. Leave "
                'them out, or set label = "none".'
            )
        values = [_value(text or "", self.label) for text in labels]
        numbers = all(isinstance(value, int) for value in values)
        array = np.array(values) if numbers else np.array([str(value) for value in values], dtype=object)
        return class_labels(array, (), self.label, Path(self.path))


class _Bounded:
    """A file that refuses to read more than LARGEST_HEADER bytes at once."""

    def __init__(self, file: Any):
        self.file = file
        self.seek = file.seek
        self.tell = file.tell

    def read(self, n: int = -1) -> bytes:
        if not 0 <= n <= LARGEST_HEADER:
            raise tarfile.ReadError("one of its headers is too long")
        data: bytes = self.file.read(n)
        return data


def _finish(index: Index, key: str, sample: bool, picture: tuple[int, int, int] | None, label: str | None) -> None:
    """Add a sample whose files were all seen."""
    if picture is not None and 0 < picture[2] <= LARGEST_PICTURE:
        index.keys.append(key)
        index.places.append(picture)
        index.labels.append(label)
    else:
        index.without += sample


def _value(text: str, label: str) -> int | str:
    """Return the class in a label file, as a number if it is one."""
    value = text.strip()
    if label.rpartition(".")[2] == "json":
        try:
            value = str(json.loads(text)["label"])
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise DataError(
                f'a .{label} has no entry "label": {text[:80]!r}. Set label = "none", or mend it.'
            ) from error
    return int(value) if value.isdecimal() else value
