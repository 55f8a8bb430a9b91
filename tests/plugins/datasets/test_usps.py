"""USPS from miniature LIBSVM files."""

import bz2

import numpy as np
import pytest

from ganzoo.errors import DataError
from ganzoo_builtins.datasets.usps import USPS


def line(label: int, values: np.ndarray) -> str:
    return f"{label} " + " ".join(f"{i}:{value:.6f}" for i, value in enumerate(values.ravel(), 1)) + " \n"


def test_pixels_and_labels(root):
    values = np.linspace(-1, 1, 256).reshape(16, 16)
    (root / "usps.t.bz2").write_bytes(bz2.compress((line(1, values) + line(10, -values) + "3 1:1 256:-1\n").encode()))
    dataset = USPS(train=False)
    x, y = dataset.tensors()["x"], dataset.tensors()["y"]
    assert y.tolist() == [0, 9, 2]
    assert x.shape == (3, 1, 16, 16)
    assert x[0].flatten().tolist() == list(range(256))
    assert x[1].flatten().tolist() == list(range(255, -1, -1))
    assert [x[2, 0, 0, 0], x[2, 0, 15, 15], x[2, 0, 8, 8]] == [255, 0, 128]
    assert USPS(train=False, size=28, fit="pad")[0]["x"].shape == (1, 28, 28)
    assert USPS(size=28).held_out().fingerprint() == USPS(train=False, size=28).fingerprint()


@pytest.mark.parametrize(
    "content",
    [b"no bz2", bz2.compress(b"1 1:0.5 2")[:-4], bz2.compress(b"1 1:0.5 2"), bz2.compress(b"1 300:0.5")],
)
def test_a_damaged_file_is_named(root, content):
    (root / "usps.bz2").write_bytes(content)
    with pytest.raises(DataError, match=r"usps\.bz2 is damaged"):
        USPS().tensors()


def test_missing_file(root):
    with pytest.raises(DataError, match=r"`ganzoo data get usps train=false`[^`]*usps\.t\.bz2 from https://"):
        USPS(train=False).tensors()
