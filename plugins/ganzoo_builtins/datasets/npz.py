"""Your own arrays: images, feature vectors or token ids, with or without labels, from one .npz file."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.lib import format as npy
from torch import Tensor

from ganzoo import Batch, DataError, Spec
from ganzoo_builtins.datasets.decompression import check_decompressed_size
from ganzoo_builtins.datasets.files import find_path
from ganzoo_builtins.datasets.in_memory import InMemoryDataset

NAMES = ("images", "x", "labels", "y", "words")
MAGIC = b"\x93NUMPY"


class Npz(InMemoryDataset):
    """Arrays of one .npz file, such as those that `ganzoo sample --out FILE.npz` writes. Nothing is unpickled.

    - "images" or "x": uint8 (N, H, W), (N, H, W, C) or (N, C, H, W), C being 1 or 3; or float32 (N, F), used without
      conversion; or integers (N, T) from 0, token ids.
    - "words", optional: the text of each token id. Without it, the largest id tells the size of the vocabulary.
    - "labels" or "y", optional: integers (N,) from 0; if all are -1, there are no labels.

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

    @cached_property
    def _read(self) -> tuple[Batch, tuple[str, ...]]:
        path = find_path(self.path, "file")
        arrays = _arrays(path)
        stored = _first_of(arrays, "images", "x")
        assert stored is not None  # else _arrays() raises
        x = _samples(stored, path)
        y = _labels(_first_of(arrays, "labels", "y"), len(x), path)
        words = _words(arrays.get("words"), x, path)
        return {"x": x} if y is None else {"x": x, "y": y}, words


def _arrays(path: Path) -> dict[str, np.ndarray]:
    """Read the arrays of known names; others are not read."""
    try:
        with path.open("rb") as file:
            if file.read(6) == MAGIC:
                raise DataError(f"{path} holds a single array. Save it by np.savez(path, images=..., labels=...).")
            with zipfile.ZipFile(file) as archive:
                names = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
                if not names.keys() & {"images", "x"}:
                    present = ", ".join(names) or "none"
                    raise DataError(f'{path} has no array "images" or "x"; it has: {present}. Name one of them so.')
                return {name: _array(archive, info) for name, info in names.items() if name in NAMES}
    except DataError:
        raise
    except Exception as error:  # zipfile and numpy raise many types of errors for damaged files
        raise DataError(
            f"cannot read {path}: {error}. Write it by np.savez, with arrays of numbers only, not of objects."
        ) from error


def _array(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> np.ndarray:
    """Read one array, and raise ValueError if its size in a header is more than the file can hold."""
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{info.filename} is compressed by a method that np.savez does not use")
    check_decompressed_size(info.file_size, info.compress_size)
    with archive.open(info) as file:
        version = npy.read_magic(file)
        shape, _, dtype = (npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0)(file)
    if math.prod(shape) * max(1, dtype.itemsize) > info.file_size:
        raise ValueError(f"{info.filename} promises {shape} of {dtype}, and holds {info.file_size:,} bytes")
    with archive.open(info) as file:
        return npy.read_array(file, allow_pickle=False)


def _first_of(arrays: Mapping[str, np.ndarray], *names: str) -> np.ndarray | None:
    return next((arrays[name] for name in names if name in arrays), None)


def _samples(array: np.ndarray, path: Path) -> Tensor:
    """Convert the samples to uint8 (N, C, H, W), float32 (N, F) or int64 (N, T)."""
    if not array.size:
        raise DataError(f"{path} holds no samples: its array has shape {array.shape}. Save at least one.")
    if array.dtype == np.float32 and array.ndim == 2:
        if not np.isfinite(array).all():
            raise DataError(f"{path}: some of its numbers are NaN or infinite. Remove those samples.")
        return torch.from_numpy(array)
    if array.dtype == np.uint8 and array.ndim == 3:
        return torch.from_numpy(array)[:, None]  # (N, H, W) -> (N, 1, H, W)
    if array.dtype == np.uint8 and array.ndim == 4 and array.shape[3] in (1, 3):
        return torch.from_numpy(array).permute(0, 3, 1, 2).contiguous()  # (N, H, W, C) -> (N, C, H, W)
    if array.dtype == np.uint8 and array.ndim == 4 and array.shape[1] in (1, 3):
        return torch.from_numpy(array)
    if array.dtype.kind in "iu" and array.ndim == 2:
        return _ids(array, path)
    raise DataError(
        f"{path}: expected images, uint8 (N, H, W), (N, H, W, C) or (N, C, H, W) with C 1 or 3, or features, "
        f"float32 (N, F), or token ids, integers (N, T); got {array.dtype} {array.shape}. Convert them before saving."
    )


def _ids(array: np.ndarray, path: Path) -> Tensor:
    """Convert token ids to int64 (N, T)."""
    if array.min() < 0 or array.max() >= 2**31:
        raise DataError(f"{path}: token ids lie in {array.min()}..{array.max()}. Number them from 0.")
    return torch.from_numpy(array.astype(np.int64))


def _words(array: np.ndarray | None, x: Tensor, path: Path) -> tuple[str, ...]:
    """Return the text of each token id, or an empty tuple when the file does not have it."""
    if array is None or x.dtype != torch.int64:
        return ()
    if array.dtype.kind != "U" or array.ndim != 1 or len(array) <= x.max():
        raise DataError(
            f'{path}: expected texts as "words", one for each id up to {x.max()}; got {array.dtype} {array.shape}.'
        )
    return tuple(array.tolist())


def _labels(array: np.ndarray | None, samples: int, path: Path) -> Tensor | None:
    """Convert labels to int64 (N,); return None when there are none."""
    if array is None or (array.dtype.kind == "i" and array.size and (array == -1).all()):
        return None
    if array.dtype.kind not in "iu" or array.shape != (samples,):
        raise DataError(
            f"{path}: expected integer labels ({samples},), one per sample; got {array.dtype} {array.shape}."
        )
    if array.min() < 0:
        raise DataError(f"{path}: some labels are negative, the smallest {array.min()}. Number classes from 0.")
    return torch.from_numpy(array.astype(np.int64))
