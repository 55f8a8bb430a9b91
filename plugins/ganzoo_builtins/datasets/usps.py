"""USPS: digits from envelopes, 16x16, in the text format of LIBSVM."""

from __future__ import annotations

import bz2
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ganzoo.errors import DataError
from ganzoo.sources import Source
from ganzoo_builtins.datasets.stored import DIGITS, Fit, StoredImages

SIDE = 16
DIGESTS = {"usps.bz2": "ec16c51db3855ca6c91edd34d0e9b197", "usps.t.bz2": "8ea070ee2aca1ac39742fdd1ef5ed118"}


class USPS(StoredImages):
    """Digits scanned from envelopes: 7,291 to train on, 2,007 to test. Source: Hull (1994)."""

    name = "usps"
    choosing = ("train",)

    def __init__(self, train: bool = True, size: int | None = None, fit: Fit = "resize"):
        super().__init__((1, SIDE, SIDE), DIGITS, size, fit)
        self.train = train

    def sources(self) -> list[Source]:
        file = "usps.bz2" if self.train else "usps.t.bz2"
        return [
            Source(file, (f"https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets/multiclass/{file}",), DIGESTS[file])
        ]

    def read(self) -> tuple[Tensor, Tensor]:
        return read_libsvm(self.found(self.sources()[0].path))


def read_libsvm(path: Path) -> tuple[Tensor, Tensor]:
    """Images (N, 1, 16, 16) uint8 and labels (N,). A line is "label pixel:value ..."; labels and pixels count from 1.

    Values lie in [-1, 1]; pixels left out are 0. Errors: DataError naming a file that is damaged.
    """
    try:
        lines = [line for line in bz2.decompress(path.read_bytes()).decode("ascii").splitlines() if line.strip()]
        x = np.zeros((len(lines), SIDE * SIDE))
        y = np.zeros(len(lines), dtype=np.int64)
        for i, line in enumerate(lines):
            label, *numbers = line.replace(":", " ").split()
            pixels = np.array(numbers, dtype=float).reshape(-1, 2)
            x[i, pixels[:, 0].astype(int) - 1] = pixels[:, 1]
            y[i] = int(label) - 1
    except (ValueError, IndexError, OSError, EOFError) as error:
        raise DataError(f"{path} is damaged: {error}. Delete it and fetch it again.") from error
    grey = ((x + 1) / 2 * 255).round().clip(0, 255).astype(np.uint8)
    return torch.from_numpy(grey.reshape(-1, 1, SIDE, SIDE)), torch.from_numpy(y)
