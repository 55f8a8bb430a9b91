"""USPS: digits from envelopes, 16x16, in the text format of LIBSVM."""

from __future__ import annotations

import bz2
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np
import torch
from torch import Tensor

from ganzoo import DataError, Source
from ganzoo_builtins.datasets.published import DIGITS, Fit, PublishedImages

SIDE = 16
LONGEST_LINE, MOST_LINES = 2**14, 20_000  # the files have at most 7,291 lines of 256 numbers
DIGESTS = {"usps.bz2": "ec16c51db3855ca6c91edd34d0e9b197", "usps.t.bz2": "8ea070ee2aca1ac39742fdd1ef5ed118"}


class USPS(PublishedImages):
    """Digits scanned from envelopes: 7,291 for training, 2,007 for testing. Source: Hull (1994).

    Args:
        train: Use the training split, or the test split.
        size: Side of the square that images are brought to; by default 16.
        fit: "resize" the images, with antialiasing, or "pad" them with black.
    """

    name = "usps"
    file_settings = ("train",)
    split_setting = ("train", True, False)

    def __init__(self, train: bool = True, size: int | None = None, fit: Fit = "resize"):
        super().__init__((1, SIDE, SIDE), DIGITS, size, fit)
        self.train = train

    def sources(self) -> list[Source]:
        file = "usps.bz2" if self.train else "usps.t.bz2"
        return [
            Source(file, (f"https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets/multiclass/{file}",), DIGESTS[file])
        ]

    def read(self) -> tuple[Tensor, Tensor]:
        return read_libsvm(self.find_file(self.sources()[0].path))


def read_libsvm(path: Path) -> tuple[Tensor, Tensor]:
    """Read images in the text format of LIBSVM.

    A line is "label pixel:value ...". Labels and pixels are counted from 1, values lie in [-1, 1], and pixels that are
    left out are 0.

    Args:
        path: The file, compressed by bzip2.

    Returns:
        Images (N, 1, 16, 16), uint8, and labels (N,), int64.

    Raises:
        DataError: The file is damaged.
    """
    try:
        with bz2.open(path) as file:
            rows = [_row(line) for line in _lines(file) if line.strip()]
    except (ValueError, IndexError, OSError, EOFError) as error:
        raise DataError(f"{path} is damaged: {error}. Delete it and fetch it again.") from error
    images = np.array([image for image, _ in rows], dtype=np.uint8)
    return torch.from_numpy(images.reshape(-1, 1, SIDE, SIDE)), torch.tensor([label for _, label in rows]).long()


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the lines, and raise ValueError for a line that is too long, or for too many lines."""
    for _ in range(MOST_LINES):
        line = file.readline(LONGEST_LINE)
        if len(line) == LONGEST_LINE:
            raise ValueError(f"one of its lines is longer than {LONGEST_LINE:,} bytes")
        if not line:
            return
        yield line
    raise ValueError(f"it has more than {MOST_LINES:,} lines")


def _row(line: bytes) -> tuple[np.ndarray, int]:
    """Return the pixels (256,), uint8, and the label, counted from 0."""
    label, *numbers = line.replace(b":", b" ").decode("ascii").split()
    pixels = np.array(numbers, dtype=float).reshape(-1, 2)
    indices, values = pixels.T
    if not np.isfinite(pixels).all() or (indices < 1).any() or (indices > SIDE * SIDE).any():
        raise ValueError(f"one of its lines does not contain {SIDE * SIDE} pixels")
    x = np.zeros(SIDE * SIDE)
    x[indices.astype(int) - 1] = values
    return ((x + 1) / 2 * 255).round().clip(0, 255).astype(np.uint8), int(label) - 1
