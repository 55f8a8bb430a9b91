"""SVHN from miniature .mat files."""

import sys

import numpy as np
import pytest

from ganzoo.errors import DataError, SetupError
from ganzoo_builtins.datasets.svhn import SVHN

io = pytest.importorskip("scipy.io")


def write_mat(root, part, labels):
    x = np.zeros((32, 32, 3, len(labels)), np.uint8)
    x[1, 2, 0] = np.arange(len(labels)) + 7
    io.savemat(root / f"{part}_32x32.mat", {"X": x, "y": np.array(labels, np.uint8)[:, None]})


def test_ten_means_zero_and_parts_join(root):
    write_mat(root, "train", [1, 10])
    write_mat(root, "test", [9])
    assert SVHN().tensors()["y"].tolist() == [1, 0]
    joined = SVHN("train_test").tensors()
    assert joined["y"].tolist() == [1, 0, 9]
    assert joined["x"].shape == (3, 3, 32, 32)
    assert joined["x"][:, 0, 1, 2].tolist() == [7, 8, 7]
    assert int(joined["x"].sum()) == 22
    assert SVHN().held_out().tensors()["y"].tolist() == [9]
    assert SVHN("extra").held_out() is SVHN("train_test").held_out() is None  # drawn otherwise, and in it already


def test_missing_files(root):
    write_mat(root, "train", [1])
    with pytest.raises(DataError) as error:
        SVHN("train_test").tensors()
    assert "ganzoo data get svhn split=train_test" in error.value.message
    assert "test_32x32.mat from http://ufldl.stanford.edu/" in error.value.message
    assert "train_32x32.mat" not in error.value.message


def test_a_damaged_file_is_named(root):
    (root / "extra_32x32.mat").write_bytes(b"<html>not found</html>")
    with pytest.raises(DataError, match=r"extra_32x32\.mat is damaged"):
        SVHN("extra").tensors()


def test_without_scipy_one_line_says_what_to_install(root, monkeypatch):
    write_mat(root, "train", [1])
    monkeypatch.setitem(sys.modules, "scipy.io", None)
    with pytest.raises(SetupError, match=r"pip install 'ganzoo-torch\[scipy\]'"):
        SVHN().tensors()
