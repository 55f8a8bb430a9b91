"""The dataset `hdf5`, on files that h5py writes."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from ganzoo.errors import DataError
from ganzoo_builtins.datasets.hdf5 import Hdf5
from helpers.order import check_order, streamed

h5py = pytest.importorskip("h5py")

__all__ = ["streamed"]

N = 14
PIXELS = np.arange(N * 3 * 4 * 5, dtype=np.uint16).reshape(N, 4, 5, 3) * 70


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """16-bit pictures, channels last, compressed in chunks, with labels, and an array in a group."""
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("images", data=PIXELS, chunks=(2, 4, 5, 3), compression="gzip")
        file["labels"] = np.arange(N) % 3
        file["deep/features"] = np.arange(N * 2.0).reshape(N, 2)
        file["away"] = h5py.ExternalLink(str(tmp_path / "b.h5"), "/images")
    with h5py.File(tmp_path / "b.h5", "w") as file:
        file["images"] = PIXELS
    return tmp_path / "a.h5"


def test_numbers_and_labels_are_those_that_were_written(path: Path) -> None:
    dataset = Hdf5(str(path))
    assert (len(dataset), dataset.spec.shape, dataset.class_names) == (N, (3, 4, 5), ("0", "1", "2"))
    whole = dataset.tensors()
    assert whole is not None and whole["y"].tolist() == [i % 3 for i in range(N)]
    numbers = ((whole["x"].double() + 1) / 2 * 65535).round().numpy()
    assert (numbers == PIXELS.transpose(0, 3, 1, 2)).all()


def test_the_order_is_that_of_the_seed_and_a_resume_continues_it(path: Path, streamed: None) -> None:
    dataset = Hdf5(str(path), max_value=2**16 - 1)
    step = 3 * 4 * 5 * 70
    check_order(dataset, lambda x: round((x[0, 0, 0].item() + 1) / 2 * (2**16 - 1)) // step)
    assert torch.equal(pickle.loads(pickle.dumps(dataset))[5]["x"], dataset[5]["x"])


def test_arrays_in_groups_have_a_path(path: Path) -> None:
    dataset = Hdf5(str(path), images="deep/features", labels="labels")
    assert dataset[3]["x"].tolist() == [6, 7] and dataset[3]["y"] == 0


def test_other_names_and_links_to_other_files_are_refused(path: Path) -> None:
    with pytest.raises(DataError, match=r"has no array 'image'. Did you mean 'images'\? .*Set images to"):
        len(Hdf5(str(path), images="image"))
    with pytest.raises(DataError, match="has no array 'away'"):
        len(Hdf5(str(path), images="away"))
    with pytest.raises(DataError, match="Set labels to the path of one"):
        _ = Hdf5(str(path), labels="kinds").spec


def test_what_is_no_hdf5_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.h5").write_bytes(b"nonsense")
    with pytest.raises(DataError, match=r"a\.h5 cannot be opened as HDF5: .*Copy it again"):
        len(Hdf5(str(tmp_path / "a.h5")))
