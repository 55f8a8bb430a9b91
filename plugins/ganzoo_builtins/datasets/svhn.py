"""SVHN: house numbers from street photographs, 32x32 crops centred on one digit."""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from ganzoo import DataError, SetupError, Source
from ganzoo_builtins.datasets.decompression import check_decompressed_size
from ganzoo_builtins.datasets.published import DIGITS, PublishedImages

COMPRESSED = 15  # type of elements that are compressed by zlib
DIGESTS = {
    "train": "e26dedcc434d2e4c54c9b2d4a06d8373",
    "test": "eb5a983be6a315427106f1b164d9cef3",
    "extra": "a93ce644f1a588dc4d68dda5feec44a7",
}


class SVHN(PublishedImages):
    """Digits of house numbers: 73,257 for training, 26,032 for testing, and 531,131 easier ones.

    Reading the .mat files needs scipy. For non-commercial use. Source: Netzer et al. (2011),
    ufldl.stanford.edu/housenumbers, plain http; its files are verified by digest.

    Args:
        split: "train", "test", "extra" (the easier ones), or "train_test" (the first two, 99,289 digits).
        size: Side of the square that images are resized to; by default 32.
    """

    name = "svhn"
    file_settings = ("split",)
    split_setting = ("split", "train", "test")

    def __init__(self, split: Literal["train", "test", "extra", "train_test"] = "train", size: int | None = None):
        super().__init__((3, 32, 32), DIGITS, size)
        self.split = split

    def sources(self) -> list[Source]:
        return [
            Source(f"{part}_32x32.mat", (f"http://ufldl.stanford.edu/housenumbers/{part}_32x32.mat",), DIGESTS[part])
            for part in self.split.split("_")
        ]

    def read(self) -> tuple[Tensor, Tensor]:
        parts = [read_mat(self.find_file(source.path)) for source in self.sources()]
        return torch.cat([x for x, _ in parts]), torch.cat([y for _, y in parts])


def read_mat(path: Path) -> tuple[Tensor, Tensor]:
    """Read the arrays X (32, 32, 3, N) and y (N, 1) of a .mat file; the label 10 is the digit 0.

    Args:
        path: The file.

    Returns:
        Images (N, 3, 32, 32), uint8, and labels (N,), int64.

    Raises:
        SetupError: scipy is not installed.
        DataError: The file is damaged.
    """
    try:
        from scipy.io import loadmat
    except ImportError:
        raise SetupError("svhn is stored as .mat files: pip install 'ganzoo-torch[scipy]' to read them") from None
    try:
        _check_size(path)
        content = loadmat(path, variable_names=["X", "y"])
        x, y = content["X"], content["y"].astype(np.int64).reshape(-1)
    except Exception as error:  # scipy raises many types of errors for damaged files
        raise DataError(f"{path} is damaged: {type(error).__name__}: {error}. Delete it and fetch it again.") from error
    if x.shape[:3] != (32, 32, 3) or x.dtype != np.uint8:
        raise DataError(f"{path} is damaged: its images are {x.shape} of {x.dtype}. Delete it and fetch it again.")
    return torch.from_numpy(np.ascontiguousarray(x.transpose(3, 2, 0, 1))), torch.from_numpy(y % 10)


def _check_size(path: Path) -> None:
    """Raise ValueError for a file whose elements decompress to more than it can hold.

    A level 5 MAT file is a header of 128 bytes, followed by elements: type and length (uint32 each), and the data.
    """
    size, decompressed = path.stat().st_size, 0
    with path.open("rb") as file:
        header = file.read(128)
        if not header.startswith(b"MATLAB 5.0 MAT-file") or len(header) < 128:
            raise ValueError("it does not begin like a MAT file of level 5")
        order = "<" if header[126:] == b"IM" else ">"
        while len(tag := file.read(8)) == 8:
            kind, length = struct.unpack(f"{order}II", tag)
            if kind != COMPRESSED:
                file.seek(length, os.SEEK_CUR)
                continue
            inflate = zlib.decompressobj()
            while block := inflate.unconsumed_tail or file.read(min(length, 2**16)):
                length -= 0 if inflate.unconsumed_tail else len(block)
                decompressed += len(inflate.decompress(block, 2**20))
                check_decompressed_size(decompressed, size)
