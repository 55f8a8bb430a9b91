"""IDX files: all types of numbers, compressed or not, and all kinds of damage."""

import gzip
import lzma
import re

import numpy as np
import pytest
import torch

from ganzoo.errors import DataError
from ganzoo_builtins.datasets.idx import read_idx, read_images, read_labels


def test_reads_bytes_and_integers_packed_or_not(write_idx):
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    table = np.array([[7, -1], [3, 70000]], dtype=np.int32)
    for name in ("pixels", "pixels.gz"):
        assert read_idx(write_idx(name, pixels)).tolist() == pixels.tolist()
    assert read_idx(write_idx("table.gz", table)).tolist() == [[7, -1], [3, 70000]]
    plain = write_idx("plain", pixels)
    packed = plain.with_suffix(".xz")
    packed.write_bytes(lzma.compress(plain.read_bytes()))
    assert read_idx(packed).tolist() == pixels.tolist()


def test_images_get_a_channel_and_labels_are_the_first_column(write_idx):
    images = read_images(write_idx("images", np.zeros((2, 28, 28), np.uint8)))
    assert images.shape == (2, 1, 28, 28)
    assert images.dtype == torch.uint8
    assert read_labels(write_idx("labels", np.array([4, 9], np.uint8))).tolist() == [4, 9]
    labels = read_labels(write_idx("table", np.array([[5, 1, 1], [6, 2, 2]], np.int32)))
    assert labels.tolist() == [5, 6]
    assert labels.dtype == torch.int64


def test_labels_in_place_of_images_are_refused(write_idx):
    with pytest.raises(DataError, match="holds no grey images"):
        read_images(write_idx("labels", np.zeros(3, np.uint8)))


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda data: b"", "does not begin like an IDX file"),
        (lambda data: b"<html>" + data, "does not begin like an IDX file"),
        (lambda data: data[:9], "ends in its header"),
        (lambda data: data[:-1], "2x3x4 numbers need 24 bytes, it has 23"),
        (lambda data: data + b"!", "it has more"),
        (lambda data: data[:4] + bytes([255, 0, 0, 0] * 2 + [0, 0, 1, 0]) + data[16:], "its header promises 4,"),
    ],
)
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_damaged_file_is_named(write_idx, damage, reason, suffix):
    data = write_idx("whole", np.zeros((2, 3, 4), np.uint8)).read_bytes()
    path = write_idx("broken" + suffix, np.zeros(1, np.uint8))
    path.write_bytes(gzip.compress(damage(data)) if suffix else damage(data))
    with pytest.raises(DataError, match=f"{re.escape(str(path))} is damaged: .*({reason})"):
        read_idx(path)


def test_truncated_gzip_is_named(write_idx):
    path = write_idx("images.gz", np.arange(200, dtype=np.uint8))
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(DataError, match=r"images\.gz is damaged"):
        read_idx(path)
