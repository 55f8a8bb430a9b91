"""Your own arrays in HDF5 files, read by h5py."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from ganzoo import DataError, SetupError, did_you_mean
from ganzoo_builtins.datasets.array_rows import IMAGES, LABELS, ArrayRows, Layout
from ganzoo_builtins.datasets.paths import find_path


class Hdf5(ArrayRows):
    """Images or points in an array of an HDF5 file, of which only the rows that are needed are read.

    x: uint8 (N, C, H, W), or float32 in [-1, 1] for arrays of any other type; float32 (N, F) for points; y: int64 (N,).
    Links to other files are not followed. Chunks of one row each are read fastest in random order.

    Args:
        path: The file, relative to the current folder or to the data root.
        images: Path of the array in the file: images (N, H, W), (N, C, H, W) or (N, H, W, C), integers or floats, or
            floats (N, F); by default "images" or "x", or the only array.
        labels: Path of an array of integers (N,) from 0; by default "labels" or "y", if there is one.
        layout: "channels_first" for (N, C, H, W), "channels_last" for (N, H, W, C), "auto" to tell from the shape.
        min_value: The number that becomes -1; by default -1 for floats, 0 for integers. uint8 stays as it is.
        max_value: The number that becomes 1; by default 1 for floats, the largest of their type for integers.
    """

    def __init__(
        self,
        path: str,
        images: str = "",
        labels: str = "",
        layout: Layout = "auto",
        min_value: float | None = None,
        max_value: float | None = None,
    ):
        super().__init__("hdf5", layout, min_value, max_value)
        self.path = path
        self.images = images
        self.labels = labels
        self._array: Any = None
        self._owner = 0

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_array": None}

    def place(self) -> Path:
        return find_path(self.path, "file")

    def array(self) -> Any:
        """Return the array, opened once per process."""
        if self._array is None or self._owner != os.getpid():
            file = _opened(self.place())
            names = _arrays(file)
            default = next((name for name in IMAGES if name in names), names[0] if len(names) == 1 else "")
            self._array = self._found(file, self.images or default, "images")
            self._owner = os.getpid()
        return self._array

    def stored_labels(self) -> np.ndarray | None:
        file = self.array().file
        name = self.labels or next((name for name in LABELS if name in file), "")
        return np.asarray(self._found(file, name, "labels")[()]) if name else None

    def _found(self, file: Any, name: str, setting: str) -> Any:
        """Return an array of the file; DataError if there is none of that name."""
        linked = any(_leads_away(file, part) for part in _parents(name))
        found = None if linked or not name else file.get(name)
        if found is None or not hasattr(found, "shape") or found.external or found.is_virtual:
            names = _arrays(file)
            raise DataError(
                f"{self.place()} has no array {name!r}.{did_you_mean(name, names)} Set {setting} to the path of one: "
                f"{', '.join(names) or 'there is none at the top'}."
            )
        return found


def _leads_away(file: Any, name: str) -> bool:
    """Tell whether an entry is a link to another file."""
    from h5py import ExternalLink

    return isinstance(file.get(name, getlink=True), ExternalLink)


def _arrays(file: Any) -> list[str]:
    """Return the names of the arrays at the top of a file."""
    return [name for name in file if not _leads_away(file, name) and hasattr(file.get(name), "shape")]


def _parents(name: str) -> list[str]:
    """Return the path of each group above an array, and its own."""
    parts = name.strip("/").split("/")
    return ["/".join(parts[: k + 1]) for k in range(len(parts)) if name]


def _opened(path: Path) -> Any:
    try:
        from h5py import File
    except ImportError:
        raise SetupError("dataset hdf5 needs h5py: pip install 'ganzoo-torch[hdf5]'") from None
    try:
        return File(path, "r")
    except OSError as error:
        reason = str(error).partition("\n")[0]
        raise DataError(f"{path} cannot be opened as HDF5: {reason}. Copy it again, or write it by h5py.") from error
