"""The published files, if they exist next to the checkout."""

import pytest
import torch

from ganzoo.data.sources import find_data, verify
from ganzoo_builtins.datasets.emnist import EMNIST
from ganzoo_builtins.datasets.mnist import MNIST, FashionMNIST


@pytest.fixture(autouse=True)
def use_real_data(real_data, monkeypatch):
    monkeypatch.setenv("GANZOO_DATA", str(real_data))


def class_means(x, y):
    """Mean image of each of ten digits, (10, 28, 28)."""
    return torch.stack([x[y == digit].float().mean(0)[0] for digit in range(10)])


def likeness(a, b):
    """Correlation of two images where they overlap best: MNIST centres the mass of a digit, EMNIST its outline."""
    shifts = [a.roll((down, right), (0, 1)) for down in range(-3, 4) for right in range(-3, 4)]
    return max(torch.corrcoef(torch.stack([shifted.flatten(), b.flatten()]))[0, 1].item() for shifted in shifts)


def test_mnist():
    train, test = MNIST(), MNIST(train=False)
    assert (len(train), len(test)) == (60_000, 10_000)
    assert train.tensors()["y"][:5].tolist() == [5, 0, 4, 1, 9]
    assert train.tensors()["y"].bincount().tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert {verify(source).state for dataset in (train, test) for source in dataset.sources()} == {"verified"}


def test_emnist_byclass_is_upright():
    emnist = EMNIST("byclass", train=False).tensors()
    assert emnist["x"].shape == (116_323, 1, 28, 28)
    assert emnist["y"].unique().tolist() == list(range(62))
    mnist = class_means(*MNIST(train=False).tensors().values())
    upright = class_means(emnist["x"], emnist["y"])
    after = [likeness(a, b) for a, b in zip(upright, mnist, strict=True)]
    before = [likeness(a, b) for a, b in zip(upright.mT, mnist, strict=True)]
    assert min(after) > 0.85
    assert sum(after) / 10 > 0.9
    assert sum(before) / 10 < 0.7


def test_fashion_mnist():
    dataset = FashionMNIST(train=False)
    if find_data(*(f"{FashionMNIST.folder}/{file}" for file in dataset.files())) is None:
        pytest.skip("no Fashion-MNIST: Debian's dataset-fashion-mnist is not installed")
    assert dataset.tensors()["y"].bincount().tolist() == [1000] * 10
    assert dataset.class_names[dataset[0]["y"]] == "Ankle boot"
