"""Your own large arrays, memory-mapped: one .npy file, or the arrays of an .npz file that is not compressed."""

from __future__ import annotations

import zipfile
from functools import cached_property
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy

from ganzoo import DataError
from ganzoo_builtins.datasets.array_rows import IMAGES, LABELS, ArrayRows, Layout
from ganzoo_builtins.datasets.paths import find_path


class Npy(ArrayRows):
    """Images or points in an array on disk, of which only the rows that are needed are read.

    x: uint8 (N, C, H, W), or float32 in [-1, 1] for arrays of any other type; float32 (N, F) for points; y: int64 (N,).
    Nothing is unpickled. An .npz file has to be written by numpy.savez, without compression; its arrays are named
    "images" or "x", and "labels" or "y".

    Args:
        path: The .npy or .npz file, relative to the current folder or to the data root: images (N, H, W), (N, C, H, W)
            or (N, H, W, C), integers or floats, or floats (N, F).
        labels: An .npy file of integers (N,) from 0, relative like `path`; by default the labels in an .npz file.
        layout: "channels_first" for (N, C, H, W), "channels_last" for (N, H, W, C), "auto" to tell from the shape.
        min_value: The number that becomes -1; by default -1 for floats, 0 for integers. uint8 stays as it is.
        max_value: The number that becomes 1; by default 1 for floats, the largest of their type for integers.
    """

    def __init__(
        self,
        path: str,
        labels: str = "",
        layout: Layout = "auto",
        min_value: float | None = None,
        max_value: float | None = None,
    ):
        super().__init__("npy", layout, min_value, max_value)
        self.path = path
        self.labels = labels

    def __getstate__(self) -> dict[str, object]:
        return {name: value for name, value in self.__dict__.items() if name != "_mapped"}

    def place(self) -> Path:
        return find_path(self.path, "file")

    def array(self) -> Any:
        return self._mapped

    def stored_labels(self) -> np.ndarray | None:
        if self.labels:
            return np.array(mapped(find_path(self.labels, "file"), LABELS))
        if not zipfile.is_zipfile(self.place()):
            return None
        return mapped(self.place(), LABELS, needed=False)

    @cached_property
    def _mapped(self) -> Any:
        return mapped(self.place(), IMAGES)


def mapped(path: Path, names: tuple[str, ...], needed: bool = True) -> Any:
    """Map an array of a file into memory.

    Args:
        path: The .npy or .npz file.
        names: Names that the array may have in an .npz file.
        needed: Raise DataError if an .npz file has none of them; else return None.

    Returns:
        The array, which is not read.

    Raises:
        DataError: The file is damaged or compressed, or holds Python objects.
    """
    try:
        with path.open("rb") as file:
            start = _member(file, names) if zipfile.is_zipfile(file) else 0
            if start is None and not needed:
                return None
            if start is None:
                raise ValueError(f"it has no array {' or '.join(map(repr, names))}")
            file.seek(start)
            return _map(path, file)
    except (ValueError, EOFError, OSError, NotImplementedError, zipfile.BadZipFile) as error:
        raise DataError(
            f"cannot map {path}: {str(error).rstrip('.')}. Write it by numpy.save or numpy.savez, with numbers only."
        ) from error


def _member(file: IO[bytes], names: tuple[str, ...]) -> int | None:
    """Return where an array of an .npz file starts in it, or None where there is none of these names."""
    file.seek(0)
    with zipfile.ZipFile(file) as archive:
        members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
        name = next((name for name in names if name in members), None)
        if name is None:
            return None
        info = members[name]
        if info.compress_type != zipfile.ZIP_STORED:
            raise ValueError("it is compressed, so that its rows cannot be read one by one")
        with archive.open(info) as opened:
            opened.read(1)  # checks the header of the member
        file.seek(info.header_offset + 26)
        name_length, extra_length = np.frombuffer(file.read(4), "<u2").tolist()
        return int(info.header_offset + 30 + name_length + extra_length)


def _map(path: Path, file: IO[bytes]) -> np.ndarray:
    """Map the array whose header is at this place of the file."""
    version = npy.read_magic(file)
    reader = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, fortran, dtype = reader(file)
    if dtype.hasobject:
        raise ValueError("it holds Python objects, reading which would run code")
    if fortran and len(shape) > 1:
        raise ValueError("its rows are scattered over the file (Fortran order); save numpy.ascontiguousarray(array)")
    return np.memmap(path, dtype, "r", file.tell(), shape)
