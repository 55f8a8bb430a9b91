"""MNIST and its relatives, from miniature IDX files."""

import numpy as np
import pytest
import torch

from ganzoo.errors import DataError, IncompatibleError
from ganzoo_builtins.datasets.mnist import KMNIST, MNIST, QMNIST, FashionMNIST


@pytest.fixture
def images():
    return np.arange(3 * 28 * 28, dtype=np.uint32).reshape(3, 28, 28).astype(np.uint8)


@pytest.mark.parametrize(("target", "folder"), [(MNIST, "MNIST"), (FashionMNIST, "FashionMNIST"), (KMNIST, "KMNIST")])
def test_train_and_test_files(write_idx, images, target, folder, monkeypatch):
    monkeypatch.setattr(FashionMNIST, "packaged", None)
    write_idx(f"{folder}/raw/train-images-idx3-ubyte.gz", images)
    write_idx(f"{folder}/raw/train-labels-idx1-ubyte.gz", np.array([3, 0, 9], np.uint8))
    write_idx(f"{folder}/raw/t10k-images-idx3-ubyte", images[:1])
    write_idx(f"{folder}/raw/t10k-labels-idx1-ubyte", np.array([5], np.uint8))
    train, test = target(), target(train=False)
    assert (len(train), len(test)) == (3, 1)
    assert train.tensors()["x"].squeeze(1).tolist() == images.tolist()
    assert train.tensors()["y"].tolist() == [3, 0, 9]
    assert train[2]["y"] == 9
    assert test[0]["x"].shape == (1, 28, 28)
    assert train.held_out().fingerprint() == test.fingerprint() != train.fingerprint()
    assert test.held_out() is None
    assert train.spec.shape == (1, 28, 28)
    assert train.spec.classes == len(train.class_names) == 10


def test_building_needs_no_files(root):
    assert MNIST(size=32, fit="pad").spec.shape == (1, 32, 32)


def test_pad_centres_and_resize_keeps_the_mean(write_idx, images):
    write_idx("MNIST/raw/t10k-images-idx3-ubyte", images)
    write_idx("MNIST/raw/t10k-labels-idx1-ubyte", np.zeros(3, np.uint8))
    padded = MNIST(train=False, size=32, fit="pad").tensors()["x"]
    assert padded[:, 0, 2:30, 2:30].tolist() == images.tolist()
    assert int(padded.sum()) == int(images.astype(int).sum())
    small = MNIST(train=False, size=14).tensors()["x"]
    assert small.shape == (3, 1, 14, 14)
    assert small.dtype == torch.uint8
    assert abs(small.float().mean() - images.mean()) < 2


def test_the_held_out_part_is_fitted_alike():
    held = MNIST(size=32, fit="pad").held_out()
    assert (held.train, held.size, held.fit, held.spec) == (False, 32, "pad", MNIST(size=32, fit="pad").spec)


def test_a_size_too_small_to_pad_is_refused():
    with pytest.raises(IncompatibleError, match=r"size = 16 is too small.*pad.*28x28"):
        MNIST(size=16, fit="pad")


def test_missing_files_are_named_with_what_to_do(root):
    with pytest.raises(DataError) as error:
        len(MNIST(train=False))
    told = error.value.message
    assert "ganzoo data get mnist train=false" in told
    assert "MNIST/raw/t10k-images-idx3-ubyte.gz from https://" in told
    assert "train-images" not in told
    assert str(root) in told


def test_fewer_labels_than_images(write_idx, images):
    write_idx("KMNIST/raw/train-images-idx3-ubyte", images)
    write_idx("KMNIST/raw/train-labels-idx1-ubyte", np.zeros(2, np.uint8))
    with pytest.raises(DataError, match="kmnist: 3 images but 2 labels"):
        KMNIST().tensors()


def test_labels_out_of_range(write_idx, images):
    write_idx("MNIST/raw/train-images-idx3-ubyte", images)
    write_idx("MNIST/raw/train-labels-idx1-ubyte", np.array([0, 1, 10], np.uint8))
    with pytest.raises(DataError, match=r"labels lie in 0\.\.10, expected 0\.\.9"):
        MNIST().tensors()


def test_fashion_is_found_where_the_system_package_puts_it(write_idx, images, monkeypatch, root):
    write_idx("system/t10k-images-idx3-ubyte.gz", images)
    write_idx("system/t10k-labels-idx1-ubyte.gz", np.array([1, 2, 3], np.uint8))
    monkeypatch.setattr(FashionMNIST, "packaged", str(root / "system"))
    monkeypatch.setenv("GANZOO_DATA", str(root / "elsewhere"))
    assert FashionMNIST(train=False).tensors()["y"].tolist() == [1, 2, 3]


def test_qmnist_test_set_in_two_parts(write_idx):
    count = 10_002
    images = np.zeros((count, 28, 28), np.uint8)
    images[-1] = 255
    table = np.zeros((count, 8), np.int32)
    table[-2:, 0] = [4, 8]
    table[:, 1] = 77
    write_idx("QMNIST/raw/qmnist-test-images-idx3-ubyte.gz", images)
    write_idx("QMNIST/raw/qmnist-test-labels-idx2-int.gz", table)
    assert len(QMNIST("test10k")) == 10_000
    assert len(QMNIST().held_out()) == count
    assert QMNIST("nist").held_out() is QMNIST("test").held_out() is None
    rest = QMNIST("test50k").tensors()
    assert rest["y"].tolist() == [4, 8]
    assert rest["x"].float().mean((1, 2, 3)).tolist() == [0, 255]


@pytest.mark.parametrize(
    ("what", "file"),
    [("train", "qmnist-train-images-idx3-ubyte.gz"), ("test50k", "qmnist-test-images"), ("nist", "xnist-images")],
)
def test_qmnist_needs_its_own_files(what, file):
    assert file in QMNIST(what).sources()[0].path
