"""STL-10: photographs, 96x96, few of them labelled and 100,000 unlabelled."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from ganzoo import Batch, DataError, IncompatibleError, Source, Spec
from ganzoo_builtins.datasets.images import CHUNK, resize
from ganzoo_builtins.datasets.published import PublishedDataset, check_labels

SIDE = 96
PIXELS = 3 * SIDE * SIDE
FOLDER = "stl10_binary"
IN_MEMORY = 2**30  # bytes; the images of a larger set are read one by one
NAMES = ("airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck")
URL = "http://ai.stanford.edu/~acoates/stl10/stl10_binary.tar.gz"


class STL10(PublishedDataset):
    """Photographs like those of CIFAR-10, but larger: 5,000 for training, 8,000 for testing, 100,000 unlabelled.

    Source: Coates, Lee, Ng (2011), cs.stanford.edu/~acoates/stl10, plain http; its archive is verified by digest.

    Args:
        split: "train", "test", "unlabeled" or "train+unlabeled"; the last two have no labels.
        size: Side of the square that images are resized to; by default 96.

    Raises:
        IncompatibleError: `size` is below 1.
    """

    name = "stl10"
    file_settings = ("split",)
    split_setting = ("split", "train", "test")

    def __init__(
        self, split: Literal["train", "test", "unlabeled", "train+unlabeled"] = "train", size: int | None = None
    ):
        if size is not None and size < 1:
            raise IncompatibleError(
                f"stl10: size = {size}, but an image is at least one pixel wide. Set size to 1 or more."
            )
        self.split = split
        self.size = size or SIDE
        self.class_names = () if "unlabeled" in split else NAMES
        self.spec = Spec((3, self.size, self.size), classes=len(self.class_names))

    def image_files(self) -> list[str]:
        """Return the paths of the image files."""
        return [f"{FOLDER}/{part}_X.bin" for part in self.split.split("+")]

    def sources(self) -> list[Source]:
        files = self.image_files() + ([f"{FOLDER}/{self.split}_y.bin"] if self.class_names else [])
        unpack = tuple((file, file) for file in files)
        return [Source("stl10_binary.tar.gz", (URL,), "91f7769df0f17e558f3565bffb0c7dfb", unpack=unpack)]

    @cached_property
    def _counts(self) -> list[int]:
        return [_count(self.find_file(file)) for file in self.image_files()]

    def _locate(self, i: int) -> tuple[str, int]:
        """Return the file that contains example i, and its index there."""
        i = range(len(self))[i]
        for file, n in zip(self.image_files(), self._counts, strict=True):
            if i < n:
                return file, i
            i -= n
        raise IndexError(i)

    @cached_property
    def _labels(self) -> Tensor:
        path = self.find_file(f"{FOLDER}/{self.split}_y.bin")
        content = np.fromfile(path, np.uint8, count=len(self) + 1)  # one more, to detect a file that is too long
        y = torch.from_numpy(content).long() - 1
        check_labels(y, len(self), len(NAMES), self.name)
        return y

    @cached_property
    def _images(self) -> Tensor:
        parts = [self._read(file, 0, n) for file, n in zip(self.image_files(), self._counts, strict=True)]
        return torch.cat(parts)

    def _read(self, file: str, start: int, stop: int) -> Tensor:
        """Read the images start..stop of a file, (n, 3, size, size). The files contain transposed images."""
        stored = np.memmap(self.find_file(file), np.uint8, "r").reshape(-1, 3, SIDE, SIDE)
        chunks = [stored[i : min(i + CHUNK, stop)] for i in range(start, stop, CHUNK)]
        return torch.cat([resize(torch.from_numpy(np.array(chunk)).mT.contiguous(), self.size) for chunk in chunks])

    def all_labels(self) -> Tensor | None:
        return self._labels if self.class_names else None

    def tensors(self) -> Batch | None:
        if len(self) * 3 * self.size**2 > IN_MEMORY:
            return None
        return {"x": self._images, "y": self._labels} if self.class_names else {"x": self._images}

    def __len__(self) -> int:
        return sum(self._counts)

    def __getitem__(self, i: int) -> Batch:
        file, index = self._locate(i)
        x = self._read(file, index, index + 1)[0]
        return {"x": x, "y": self._labels[i]} if self.class_names else {"x": x}


def _count(path: Path) -> int:
    """Return the number of images in a file."""
    size = path.stat().st_size
    if not size or size % PIXELS:
        raise DataError(f"{path} is damaged: {size:,} bytes make no whole images. Delete it and fetch it again.")
    return size // PIXELS
