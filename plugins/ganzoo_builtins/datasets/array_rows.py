"""Base class of datasets that read rows of a large array: images or points, one at a time, from a file on disk."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from ganzoo import Batch, DataError, Dataset, GanzooError, Spec
from ganzoo_builtins.datasets import arrays

IN_MEMORY = 2**30  # bytes of samples that stay in memory; the rows of a larger array are read every time
LOOKED_AT = 64  # rows that tell the range of floats
CHUNK = 256  # rows that are read at once
TOLERANCE = 1.001  # largest float of images in [-1, 1], as for all datasets

Layout = Literal["auto", "channels_first", "channels_last"]
IMAGES, LABELS = ("images", "x"), ("labels", "y")  # names of arrays in a file of several


class ArrayRows(Dataset):
    """Rows of an array.

    uint8 images are used as they are; all other images are scaled to [-1, 1], float32: floats from `min_value` to
    `max_value`, by default from -1 to 1, and integers by default from 0 to the largest one of their type. Floats
    (N, F) are points, used without conversion.

    Args:
        dataset: Name of the dataset, for messages.
        layout: Axis of the channels in images of four axes.
        min_value: The number that becomes -1.
        max_value: The number that becomes 1.

    Raises:
        GanzooError: `min_value` is not below `max_value`.
    """

    def __init__(self, dataset: str, layout: Layout, min_value: float | None, max_value: float | None):
        if min_value is not None and max_value is not None and min_value >= max_value:
            raise GanzooError(
                f"dataset {dataset}: min_value={min_value:g} is not below max_value={max_value:g}. Swap them."
            )
        self.layout = layout
        self.min_value = min_value
        self.max_value = max_value

    @abstractmethod
    def place(self) -> Path:
        """Return the file."""

    @abstractmethod
    def array(self) -> Any:
        """Return the array, which has a shape and a dtype, and of which rows can be read by slices."""

    @abstractmethod
    def stored_labels(self) -> np.ndarray | None:
        """Return the array of labels, or None where there is none."""

    @cached_property
    def spec(self) -> Spec:  # type: ignore[override]  # known once the file is opened
        labels = self.all_labels()
        return Spec(self._form[0], classes=0 if labels is None else int(labels.max()) + 1)

    @cached_property
    def class_names(self) -> tuple[str, ...]:  # type: ignore[override]
        return tuple(map(str, range(self.spec.classes)))

    def __len__(self) -> int:
        return len(self._form and self.array())

    def __getitem__(self, i: int) -> Batch:
        i = range(len(self))[i]
        x = self._whole[i] if "_whole" in self.__dict__ else self._rows(i, i + 1)[0]
        labels = self.all_labels()
        return {"x": x} if labels is None else {"x": x, "y": labels[i]}

    def tensors(self) -> Batch | None:
        if len(self) * math.prod(self._form[0]) * (1 if self._as_bytes else 4) > IN_MEMORY:
            return None
        labels = self.all_labels()
        return {"x": self._whole} if labels is None else {"x": self._whole, "y": labels}

    def all_labels(self) -> Tensor | None:
        return self._labels

    @cached_property
    def _labels(self) -> Tensor | None:
        return arrays.labels(self.stored_labels(), LABELS[0], len(self), self.place())

    @cached_property
    def _whole(self) -> Tensor:
        """All samples (N, *shape)."""
        dtype = torch.uint8 if self._as_bytes else torch.float32
        samples = torch.empty(len(self), *self._form[0], dtype=dtype)
        for start in range(0, len(self), CHUNK):
            stop = min(start + CHUNK, len(self))
            samples[start:stop] = self._rows(start, stop)
        return samples

    @cached_property
    def _form(self) -> tuple[tuple[int, ...], int | None]:
        """Shape of a sample, and the axis of the channels of the array, None where it has none."""
        array, where = self.array(), self.place()
        shape = tuple(array.shape)
        if not len(shape) or not math.prod(shape):
            raise DataError(f"{where} holds no samples: its array has shape {shape}. Save at least one.")
        if array.dtype.kind == "f" and len(shape) == 2:
            return shape[1:], None
        if array.dtype.kind not in "uif" or len(shape) not in (3, 4):
            raise DataError(
                f"{where}: expected images (N, H, W), (N, C, H, W) or (N, H, W, C), or floats (N, F); got "
                f"{array.dtype} {shape}. Save numbers of one of these shapes."
            )
        if len(shape) == 3:
            return (1, *shape[1:]), None
        axis = {"channels_first": 1, "channels_last": 3}.get(self.layout) or arrays.channel_axis(shape)
        if axis is None:
            raise DataError(
                f'{where}: no axis of {shape} is clearly that of the channels. Set layout = "channels_first" or '
                '"channels_last".'
            )
        return (shape[axis], *(side for k, side in enumerate(shape[1:], 1) if k != axis)), axis

    @property
    def _as_bytes(self) -> bool:
        """True for uint8 that stays so."""
        return self.array().dtype == np.uint8 and self.min_value is None and self.max_value is None

    @cached_property
    def _range(self) -> tuple[float, float]:
        """The numbers that become -1 and 1."""
        dtype = self.array().dtype
        if dtype.kind != "f":
            low, high = 0.0, float(np.iinfo(dtype).max)
        else:
            low, high = -1.0, 1.0
            if self.min_value is None and self.max_value is None:
                self._check_range()
        return low if self.min_value is None else self.min_value, high if self.max_value is None else self.max_value

    def _check_range(self) -> None:
        """Raise DataError if floats seem to lie in another range than [-1, 1]."""
        rows = [np.asarray(row) for row in self._spaced_rows()]
        least, most = min(float(row.min()) for row in rows), max(float(row.max()) for row in rows)
        if -TOLERANCE <= least < 0 and most <= TOLERANCE:
            return
        guess = (0.0, 1.0) if least >= 0 and most <= TOLERANCE else (least, most)
        raise DataError(
            f"{self.place()}: its floats lie in {least:g}..{most:g}, and images in [-1, 1] are expected. Set "
            f"min_value={guess[0]:g} and max_value={guess[1]:g}, or the range that all of them have."
        )

    def _spaced_rows(self) -> Iterator[Any]:
        array = self.array()
        return (array[i] for i in range(0, len(array), max(1, -(-len(array) // LOOKED_AT))))

    def _rows(self, start: int, stop: int) -> Tensor:
        """Return samples start..stop (n, *shape)."""
        shape, axis = self._form
        rows = np.asarray(self.array()[start:stop])
        rows = np.array(rows, dtype=rows.dtype.newbyteorder("="), order="C")  # a copy, in this machine's byte order
        if len(shape) == 1:
            return torch.from_numpy(rows.astype(np.float32, copy=False))
        if axis is None:
            rows = rows[:, None]  # (n, H, W) -> (n, 1, H, W)
        elif axis == 3:
            rows = np.moveaxis(rows, 3, 1)  # (n, H, W, C) -> (n, C, H, W)
        if self._as_bytes:
            return torch.from_numpy(np.ascontiguousarray(rows))
        return self._scaled(rows, start)

    def _scaled(self, rows: np.ndarray, start: int) -> Tensor:
        low, high = self._range
        least, most = float(rows.min()), float(rows.max())
        slack = (TOLERANCE - 1) * (high - low) / 2
        if not (low - slack <= least and most <= high + slack):
            raise DataError(
                f"{self.place()}: the {len(rows)} samples from {start} on have numbers in {least:g}..{most:g}, beyond "
                f"{low:g}..{high:g}. Set min_value and max_value to the range of all samples."
            )
        values = rows.astype(np.float32, copy=False)
        if (low, high) != (-1.0, 1.0):
            values = (values - np.float32(low)) / np.float32(high - low) * 2 - 1
        return torch.from_numpy(np.ascontiguousarray(values))
