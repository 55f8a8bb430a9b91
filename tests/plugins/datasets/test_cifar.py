"""CIFAR-10 and CIFAR-100 from miniature binary archives."""

import io
import tarfile
from dataclasses import replace

import numpy as np
import pytest

from ganzoo.data.sources import md5, obtain
from ganzoo.errors import DataError
from ganzoo_builtins.datasets.cifar import CIFAR10, CIFAR100


def record(*labels: int, value: int = 0) -> bytes:
    """One image: red is `value`, green 1, blue 2; its first pixel is red 255."""
    pixels = np.full((3, 32, 32), [[[value]], [[1]], [[2]]], np.uint8)
    pixels[0, 0, 0] = 255
    return bytes(labels) + pixels.tobytes()


def write_tar(path, files):
    with tarfile.open(path, "w:gz") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


def test_cifar10_from_its_archive(root):
    files = {f"cifar-10-batches-bin/data_batch_{i}.bin": record(i, value=i) + record(9) for i in range(1, 6)}
    write_tar(root / "cifar-10-binary.tar.gz", {**files, "cifar-10-batches-bin/readme.html": b"hello"})
    dataset = CIFAR10()
    with pytest.raises(DataError, match="ganzoo data get cifar10"):
        len(dataset)
    source = replace(dataset.sources()[0], md5=md5(root / "cifar-10-binary.tar.gz"))
    assert obtain(source).state == "verified"
    assert len(dataset) == 10
    assert dataset.tensors()["y"].tolist() == [1, 9, 2, 9, 3, 9, 4, 9, 5, 9]
    x = dataset[4]["x"]
    assert x[:, 0, 0].tolist() == [255, 1, 2]
    assert x[:, 5, 7].tolist() == [3, 1, 2]


@pytest.mark.parametrize(("labels", "name", "classes"), [("fine", "apple", 100), ("coarse", "aquatic_mammals", 20)])
def test_cifar100_labels(root, labels, name, classes):
    (root / "cifar-100-binary").mkdir()
    (root / "cifar-100-binary/test.bin").write_bytes(record(0, 99) + record(19, 0))
    dataset = CIFAR100(labels, train=False, size=16)
    assert dataset.tensors()["y"].tolist() == ([99, 0] if labels == "fine" else [0, 19])
    assert dataset.spec.classes == len(set(dataset.class_names)) == classes
    assert dataset.class_names[0] == name
    assert list(dataset.class_names) == sorted(dataset.class_names)
    assert dataset[0]["x"].shape == (3, 16, 16)
    assert CIFAR100(labels, size=16).held_out().fingerprint() == dataset.fingerprint()


def test_a_truncated_file_is_named(root):
    (root / "cifar-10-batches-bin").mkdir()
    (root / "cifar-10-batches-bin/test_batch.bin").write_bytes(record(1)[:-1])
    with pytest.raises(DataError, match=r"test_batch\.bin is damaged: 3,072 bytes"):
        CIFAR10(train=False).tensors()
