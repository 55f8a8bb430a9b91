"""STL-10 from miniature binary files."""

import numpy as np
import pytest

from ganzoo.errors import DataError
from ganzoo_builtins.datasets import stl10
from ganzoo_builtins.datasets.stl10 import STL10


def write(root, part, images, labels=None):
    folder = root / "stl10_binary"
    folder.mkdir(exist_ok=True)
    (folder / f"{part}_X.bin").write_bytes(images.transpose(0, 1, 3, 2).tobytes())
    if labels:
        (folder / f"{part}_y.bin").write_bytes(bytes(labels))


@pytest.fixture
def images():
    """Upright images: a bright top row, their number elsewhere."""
    made = np.stack([np.full((3, 96, 96), i, np.uint8) for i in range(3)])
    made[:, :, 0] = 200
    return made


def test_upright_with_labels_from_0(root, images):
    write(root, "test", images, [1, 10, 5])
    dataset = STL10("test")
    assert dataset.tensors()["x"].tolist() == images.tolist()
    assert dataset.tensors()["y"].tolist() == [0, 9, 4]
    assert dataset[1]["x"].tolist() == images[1].tolist()
    assert dataset.class_names[dataset[1]["y"]] == "truck"
    assert STL10("test", size=48)[0]["x"].shape == (3, 48, 48)
    assert STL10(size=48).held_out().fingerprint() == STL10("test", size=48).fingerprint()
    assert STL10("unlabeled").held_out() is None


def test_unlabelled_carries_no_labels_and_joins_train(root, images):
    write(root, "train", images[:1], [1])
    write(root, "unlabeled", images[1:])
    dataset = STL10("train+unlabeled")
    assert dataset.spec.classes == 0
    assert dataset.tensors().keys() == {"x"}
    assert [int(dataset[i]["x"][0, 50, 50]) for i in range(len(dataset))] == [0, 1, 2]
    assert dataset[-1]["x"].tolist() == images[2].tolist()
    with pytest.raises(IndexError):
        dataset[3]
    assert len(STL10("unlabeled")) == 2


def test_what_is_too_large_for_memory_is_read_one_by_one(root, images, monkeypatch):
    write(root, "unlabeled", images)
    monkeypatch.setattr(stl10, "IN_MEMORY", 3 * 3 * 96 * 96 - 1)
    dataset = STL10("unlabeled")
    assert dataset.tensors() is None
    assert dataset[2]["x"].tolist() == images[2].tolist()
    assert STL10("unlabeled", size=8).tensors()["x"].shape == (3, 3, 8, 8)


def test_damaged_and_missing(root, images):
    write(root, "train", images, [1, 2])
    with pytest.raises(DataError, match="3 images but 2 labels"):
        STL10().tensors()
    (root / "stl10_binary/train_X.bin").write_bytes(b"short")
    with pytest.raises(DataError, match=r"train_X\.bin is damaged: 5 bytes"):
        len(STL10())
    with pytest.raises(DataError, match=r"ganzoo data get stl10 split=unlabeled[^`]*`[^`]*stl10_binary\.tar\.gz"):
        len(STL10("unlabeled"))
