"""EMNIST: six splits, upright, letters from 0."""

import zipfile

import numpy as np
import pytest

from ganzoo.data.sources import obtain
from ganzoo.errors import DataError
from ganzoo_builtins.datasets.emnist import EMNIST

CLASSES = {"byclass": 62, "bymerge": 47, "balanced": 47, "letters": 26, "digits": 10, "mnist": 10}


def an_l() -> np.ndarray:
    """An upright L: a stroke down the left, a foot to the right at the bottom."""
    drawn = np.zeros((28, 28), np.uint8)
    drawn[4:24, 6:9] = 255
    drawn[21:24, 6:20] = 255
    return drawn


@pytest.mark.parametrize(("split", "classes"), CLASSES.items())
def test_classes(split, classes):
    dataset = EMNIST(split)
    assert dataset.spec.classes == len(dataset.class_names) == len(set(dataset.class_names)) == classes
    held = dataset.held_out()
    assert (held.split, held.train, held.class_names) == (split, False, dataset.class_names)


def test_class_names():
    assert "".join(EMNIST("byclass").class_names) == "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    assert "".join(EMNIST().class_names[36:]) == "abdefghnqrt"
    assert "".join(EMNIST("letters").class_names) == "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def test_an_l_comes_back_upright_and_letters_count_from_0(write_idx):
    write_idx("EMNIST/raw/emnist-letters-test-images-idx3-ubyte.gz", np.stack([an_l().T, np.zeros_like(an_l())]))
    write_idx("EMNIST/raw/emnist-letters-test-labels-idx1-ubyte.gz", np.array([12, 26], np.uint8))
    letters = EMNIST("letters", train=False)
    assert letters[0]["x"][0].tolist() == an_l().tolist()
    assert [letters.class_names[y] for y in letters.tensors()["y"]] == ["L", "Z"]


def test_digits_are_not_shifted(write_idx):
    write_idx("EMNIST/raw/emnist-digits-train-images-idx3-ubyte", np.zeros((2, 28, 28), np.uint8))
    write_idx("EMNIST/raw/emnist-digits-train-labels-idx1-ubyte", np.array([0, 9], np.uint8))
    assert EMNIST("digits").tensors()["y"].tolist() == [0, 9]


def test_missing_files_are_named_with_what_to_do(root):
    with pytest.raises(DataError) as error:
        EMNIST("letters", train=False).tensors()
    told = error.value.message
    assert "`ganzoo data get emnist split=letters train=false`" in told
    assert "EMNIST/raw/gzip.zip from https://biometrics.nist.gov/" in told
    assert "unpacks it" in told
    with pytest.raises(DataError, match="`ganzoo data get emnist`"):
        EMNIST().tensors()


def test_the_archive_is_unpacked_without_a_network(write_idx, root):
    images = write_idx("made/images.gz", an_l().T[None])
    labels = write_idx("made/labels.gz", np.array([21], np.uint8))
    (root / "EMNIST/raw").mkdir(parents=True)
    with zipfile.ZipFile(root / "EMNIST/raw/gzip.zip", "w") as archive:
        archive.write(images, "gzip/emnist-balanced-train-images-idx3-ubyte.gz")
        archive.write(labels, "gzip/emnist-balanced-train-labels-idx1-ubyte.gz")
        archive.write(labels, "gzip/emnist-balanced-mapping.txt")
    dataset = EMNIST()
    source = dataset.sources()[0]
    assert obtain(type(source)(source.path, unpack=source.unpack)).state == "present"
    assert dataset.class_names[dataset[0]["y"]] == "L"
    assert dataset[0]["x"][0].tolist() == an_l().tolist()
    assert not (root / "EMNIST/raw/emnist-balanced-mapping.txt").exists()
