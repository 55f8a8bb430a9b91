"""A temporary data root, and miniature files in the published formats."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

CODES = {"u1": 0x08, "i4": 0x0C}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty GANZOO_DATA."""
    monkeypatch.setenv("GANZOO_DATA", str(tmp_path))
    return tmp_path


@pytest.fixture
def write_idx(root: Path) -> Callable[[str, np.ndarray], Path]:
    """write_idx("MNIST/raw/t10k-labels-idx1-ubyte", array): an IDX file below the root, gzipped if it ends in .gz."""

    def write(name: str, array: np.ndarray) -> Path:
        kind = array.dtype.str[1:]
        header = struct.pack(f">BBBB{array.ndim}I", 0, 0, CODES[kind], array.ndim, *array.shape)
        data = header + array.astype(f">{kind}").tobytes()
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
        return path

    return write
