"""Your own arrays: images, feature vectors or token ids, with or without labels, from one .npz file."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Collection
from functools import cached_property
from pathlib import Path

import numpy as np
import psutil
import torch
from numpy.lib import format as npy
from torch import Tensor

from ganzoo import Batch, DataError, Spec
from ganzoo_builtins.datasets import arrays
from ganzoo_builtins.datasets.decompression import ALWAYS, RATIO
from ganzoo_builtins.datasets.in_memory import InMemoryDataset
from ganzoo_builtins.datasets.paths import find_path

SAMPLES = ("images", "x")
LABELS = ("labels", "y")
WORDS = "words"
MAGIC = b"\x93NUMPY"
MOST = 2**32  # decompressed bytes that a file of any size may have, if this machine has four times as much free
LABEL_WORDS = ("label", "target", "class", "y")  # in, or at the beginning of, names that others give to labels


class Npz(InMemoryDataset):
    """Arrays of one .npz file, such as those that `ganzoo sample --out FILE.npz` writes. Nothing is unpickled.

    - "images" or "x": uint8 (N, H, W), (N, H, W, C) or (N, C, H, W), C being 1 or 3; or float32 (N, F), used without
      conversion; or integers (N, T) from 0, token ids. Without "words", these are not uint8, and do not look like flat
      images: T of 8x8, 3x8x8, 9x9, ... numbers up to 255.
    - "words", optional: the text of each token id. Without it, the largest id tells the size of the vocabulary.
    - "labels" or "y", optional: integers (N,) from 0; if all are -1, there are no labels. Where they go beyond 100, at
      least one number in ten must occur.

    Args:
        path: The file, relative to the current folder or to the data root.
    """

    in_memory = False  # len() reads all of it

    def __init__(self, path: str):
        self.path = path

    @cached_property
    def spec(self) -> Spec:  # type: ignore[override]  # known once the file is read
        batch, _ = self._read
        x = batch["x"]
        classes = int(batch["y"].max()) + 1 if "y" in batch else 0
        vocab = len(self.words) or int(x.max()) + 1 if x.dtype == torch.int64 else 0
        return Spec(tuple(x.shape[1:]), classes=classes, vocab=vocab)

    @cached_property
    def class_names(self) -> tuple[str, ...]:  # type: ignore[override]
        return tuple(str(label) for label in range(self.spec.classes))

    @cached_property
    def words(self) -> tuple[str, ...]:  # type: ignore[override]
        return self._read[1]

    def load(self) -> Batch:
        return self._read[0]

    def remarks(self) -> list[str]:
        """Say that integers are read as token ids, where nothing else says that they are."""
        if not self.spec.vocab or self.words:
            return []
        n, length = self._read[0]["x"].shape
        return [
            f"its integers ({n:,}, {length:,}) are read as token ids, {self.spec.vocab:,} of them. If they are pixels, "
            "save them as images, uint8 (N, H, W)"
        ]

    @cached_property
    def _read(self) -> tuple[Batch, tuple[str, ...]]:
        path = find_path(self.path, "file")
        stored = _arrays(path)
        name = next(name for name in SAMPLES if name in stored)  # else _arrays() raises
        x = arrays.samples(stored[name], name, path, WORDS in stored)
        label_name = next((name for name in LABELS if name in stored), LABELS[0])
        y: Tensor | None = arrays.labels(stored.get(label_name), label_name, len(x), path)
        words = arrays.words(stored.get(WORDS), x, path)
        return {"x": x} if y is None else {"x": x, "y": y}, words


def _arrays(path: Path) -> dict[str, np.ndarray]:
    """Read the arrays of known names, in this machine's byte order; others are not read."""
    try:
        with path.open("rb") as file:
            if file.read(6) == MAGIC:
                raise DataError(
                    f"{path} holds a single array. Save it by np.savez(path, images=..., labels=...), images being "
                    f'numpy.load("{path.name}").'
                )
            with zipfile.ZipFile(file) as archive:
                members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
                if not members.keys() & {*SAMPLES}:
                    raise DataError(_unnamed(path, members))
                wanted = {name: members[name] for name in (*SAMPLES, *LABELS, WORDS) if name in members}
                _check_size(path, wanted.values())
                return {name: _array(archive, info) for name, info in wanted.items()}
    except DataError:
        raise
    except Exception as error:  # zipfile and numpy raise many types of errors for damaged files
        raise DataError(
            f"cannot read {path}: {error}. Write it by np.savez, with arrays of numbers only, not of objects: pictures "
            "of one size by numpy.stack()."
        ) from error


def _unnamed(path: Path, members: Collection[str]) -> str:
    """Return the message about a file without samples, with the command that names them."""
    labels = [name for name in members if name.lower().startswith(LABEL_WORDS[-1]) or _means_label(name)]
    others = [name for name in members if name not in labels]
    if not others:
        return f'{path} has no array "images" or "x"; it has: {", ".join(members) or "none"}. Name one of them so.'
    if not labels and len(others) == 2:  # as numpy.savez(path, images, labels) names them: arr_0 and arr_1
        labels = others[1:]
    chosen = f'images=file["{others[0]}"]' + (f', labels=file["{labels[0]}"]' if labels else "")
    return (
        f'{path} has no array "images" or "x"; it has: {", ".join(members)}. Name one of them so, e.g. file = '
        f'numpy.load("{path.name}"); numpy.savez("named.npz", {chosen}).'
    )


def _means_label(name: str) -> bool:
    return any(word in name.lower() for word in LABEL_WORDS[:-1])


def _check_size(path: Path, members: Collection[zipfile.ZipInfo]) -> None:
    """Raise DataError if arrays would need more memory than a file of this size may take.

    Masks and line drawings are much smaller when they are compressed, as are damaged and hostile files. A quarter of
    the free memory is what the arrays may have without harm: converting them needs as much again.
    """
    size, compressed = sum(info.file_size for info in members), sum(info.compress_size for info in members)
    most = max(ALWAYS, RATIO * compressed, min(MOST, psutil.virtual_memory().available // 4))
    if size > most:
        raise DataError(
            f"{path}: its arrays would have {size:,} bytes, too many for a file of {compressed:,}: more than {most:,}. "
            "Save them by numpy.savez, without compression, or save fewer or smaller samples."
        )


def _array(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> np.ndarray:
    """Read one array, and raise ValueError if its size in a header is more than the file can hold."""
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{info.filename} is compressed by a method that np.savez does not use")
    with archive.open(info) as file:
        version = npy.read_magic(file)
        shape, _, dtype = (npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0)(file)
    if math.prod(shape) * max(1, dtype.itemsize) > info.file_size:
        raise ValueError(f"{info.filename} promises {shape} of {dtype}, and holds {info.file_size:,} bytes")
    with archive.open(info) as file:
        array: np.ndarray = npy.read_array(file, allow_pickle=False)
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))
