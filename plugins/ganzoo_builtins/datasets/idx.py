"""Reader of IDX files, the format of MNIST: a magic number, the dimensions, then the numbers, big-endian."""

from __future__ import annotations

import gzip
import lzma
import math
import struct
import zlib
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch
from torch import Tensor

from ganzoo import DataError
from ganzoo_builtins.datasets.decompression import check_decompressed_size

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
LARGEST = 2**31  # bytes; all datasets in this format are smaller
OPENERS: dict[str, Any] = {".gz": gzip.open, ".xz": lzma.open}


def read_idx(path: Path) -> Tensor:
    """Read the array of an IDX file. A header that declares more than the file can hold is rejected.

    Args:
        path: The file, which may be compressed (.gz, .xz).

    Returns:
        The array.

    Raises:
        DataError: The file is damaged.
    """
    opener = OPENERS.get(path.suffix, open)
    try:
        with opener(path, "rb") as file:
            return _read(file, path.stat().st_size)
    except (ValueError, EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile) as error:
        raise DataError(f"{path} is damaged: {error}. Delete it and fetch it again.") from error


def read_images(path: Path) -> Tensor:
    """Read grey images.

    Args:
        path: The file, which may be compressed (.gz, .xz).

    Returns:
        Images (N, 1, H, W), uint8.

    Raises:
        DataError: The file is damaged, or holds something else.
    """
    images = read_idx(path)
    if images.ndim != 3 or images.dtype != torch.uint8:
        raise DataError(f"{path} holds no grey images: {tuple(images.shape)} of {images.dtype}.")
    return images.unsqueeze(1)


def read_labels(path: Path) -> Tensor:
    """Read labels.

    Args:
        path: The file, which may be compressed (.gz, .xz).

    Returns:
        Labels (N,), int64; of several columns the first one.

    Raises:
        DataError: The file is damaged.
    """
    labels = read_idx(path).long()
    return labels if labels.ndim == 1 else labels.flatten(1)[:, 0]


def _read(file: IO[bytes], size: int) -> Tensor:
    """Read an opened file; `size` is the number of its bytes on the disk."""
    magic = file.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in TYPES or not magic[3]:
        raise ValueError(f"it does not begin like an IDX file ({magic.hex(' ')})")
    dims = file.read(4 * magic[3])
    if len(dims) < 4 * magic[3]:
        raise ValueError("it ends in its header")
    shape = struct.unpack(f">{magic[3]}I", dims)
    dtype = np.dtype(TYPES[magic[2]])
    expected = math.prod(shape) * dtype.itemsize
    if expected > LARGEST:
        raise ValueError(f"its header promises {expected:,} bytes")
    check_decompressed_size(expected, size)
    body = file.read(expected + 1)
    if len(body) != expected:
        raise ValueError(
            f"{'x'.join(map(str, shape))} numbers need {expected:,} bytes, it has {_how_many(body, expected)}"
        )
    return torch.from_numpy(np.frombuffer(body, dtype).astype(dtype.newbyteorder("="))).reshape(shape)


def _how_many(body: bytes, expected: int) -> str:
    return "more" if len(body) > expected else f"{len(body):,}"
