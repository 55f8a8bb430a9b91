"""Data given in Python: shapes, types and labels that fit, and one error for those that do not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader, IterableDataset, TensorDataset
from torch.utils.data import Dataset as TorchDataset

from ganzoo.data import validation
from ganzoo.errors import DataError, IncompatibleError
from ganzoo.interfaces import Dataset, Spec
from ganzoo.objects import datasets

BYTES = np.arange(2 * 5 * 4 * 3, dtype=np.uint8).reshape(2, 5, 4, 3)


class Items(TorchDataset[Any]):
    """A dataset of items, which counts how often they are read."""

    def __init__(self, *items: Any, **attributes: Any):
        self.items = items
        self.read = 0
        self.__dict__.update(attributes)

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, i: int) -> Any:
        self.read += 1
        return self.items[i]


class Stream(IterableDataset[Any]):
    def __iter__(self) -> Any:
        return iter([1])


def built(given: Any) -> Dataset:
    return datasets.target(given)()  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("given", "spec", "dtype"),
    [
        (torch.zeros(5, 3, 8, 8), Spec((3, 8, 8)), torch.float32),
        (np.zeros((5, 8, 6)), Spec((1, 8, 6)), torch.float32),
        (np.zeros((5, 8, 6, 3), np.uint8), Spec((3, 8, 6)), torch.uint8),
        (torch.zeros(5, 2, dtype=torch.float64), Spec((2,)), torch.float32),
        (torch.zeros(5), Spec((1,)), torch.float32),
        (np.array([[0, 6, 2]], np.int32), Spec((3,), vocab=7), torch.int64),
    ],
)
def test_arrays_and_tensors(given: Any, spec: Spec, dtype: torch.dtype) -> None:
    dataset = built(given)
    tensors = validation.whole(dataset)
    assert tensors is not None and (dataset.spec, tensors["x"].dtype, len(dataset)) == (spec, dtype, len(given))


def test_channels_come_first() -> None:
    assert built(BYTES)[1]["x"].tolist() == BYTES[1].transpose(2, 0, 1).tolist()


def test_a_pair_has_labels() -> None:
    for given in ((BYTES, np.array([[2], [0]], np.int16)), TensorDataset(torch.tensor(BYTES), torch.tensor([2, 0]))):
        dataset = built(given)
        assert dataset.spec == Spec((3, 5, 4), 3)
        assert dataset.all_labels() is not None and dataset[0]["y"].item() == 2


def test_items_are_read_one_at_a_time() -> None:
    items = Items((Image.fromarray(BYTES[0]), 1), (torch.tensor(BYTES[1]).permute(2, 0, 1), torch.tensor(0)))
    dataset = built(items)
    assert dataset.spec == Spec((3, 5, 4), 2) and dataset.tensors() is None
    assert dataset[0]["x"].tolist() == BYTES[0].transpose(2, 0, 1).tolist()
    assert dataset.all_labels().tolist() == [1, 0]  # type: ignore[union-attr]


def test_classes_and_targets_are_believed() -> None:
    items = Items((BYTES[0], 1), classes=["cat", "dog"])
    dataset = built(items)
    assert (dataset.spec.classes, dataset.class_names, items.read) == (2, ["cat", "dog"], 1)
    items = Items((BYTES[0], 1), (BYTES[0], 4), targets=[1, 4])
    assert built(items).spec.classes == 5 and items.read <= 2


def test_one_object_is_one_dataset_and_its_fingerprint_follows_the_content() -> None:
    target = datasets.target(BYTES.copy())
    assert target() is target()
    assert target().fingerprint() == built(BYTES).fingerprint() != built(BYTES + 1).fingerprint()


@pytest.mark.parametrize(
    ("given", "error", "told"),
    [
        (3, IncompatibleError, "dataset is a builtins.int object, whose items have no numbers"),
        (Stream(), IncompatibleError, "whose items have no numbers"),
        (DataLoader(Items(1)), IncompatibleError, r"give its dataset, loader\.dataset"),
        (np.zeros((0, 3)), DataError, r"shape \(0, 3\): there is nothing to train on"),
        (np.zeros((4, 9), np.uint8), DataError, r"reshape them to \(N, H, W\)"),
        (np.zeros((4, 9, 9), np.int64), DataError, "type int64. Give images"),
        (np.array(["a"]), DataError, "not of numbers"),
        ((np.zeros((4, 2)), np.zeros(3, int)), DataError, r"labels of 4 samples have shape \(3,\)"),
        ((np.zeros((4, 2)), np.eye(4, dtype=int)), DataError, r"If they are one-hot, y\.argmax\(1\)"),
        ((np.zeros((4, 2)), np.array([0, -1, 0, 0])), DataError, "a whole number from 0"),
    ],
)
def test_what_cannot_be_trained_on_is_refused(given: Any, error: type[Exception], told: str) -> None:
    with pytest.raises(error, match=told):
        datasets.target(given)


@pytest.mark.parametrize(
    ("item", "told"),
    [
        ({"image": 1, "label": 2}, "item 0 of the dataset given in Python is a dict with image, label: let it be"),
        ((1, 2, 3), "is a tuple of 3"),
        (torch.zeros(3, dtype=torch.int64), "has integers of type torch.int64"),
    ],
)
def test_items_of_another_kind_are_refused(item: Any, told: str) -> None:
    with pytest.raises(DataError, match=told):
        _ = built(Items(item)).spec


def test_float_images_beyond_one_are_refused_when_training_begins() -> None:
    with pytest.raises(DataError, match=r"float images lie in \[0, 255\], expected \[-1, 1\]"):
        validation.whole(built(torch.tensor([0.0, 255.0]).reshape(2, 1, 1, 1)))
