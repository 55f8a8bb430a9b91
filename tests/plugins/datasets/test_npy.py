"""The dataset `npy`: arrays that numpy writes, of which rows are read."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ganzoo.errors import DataError, GanzooError
from ganzoo_builtins.datasets.npy import Npy
from helpers.order import check_order, streamed

__all__ = ["streamed"]

N = 14
FLOATS = np.linspace(-1, 1, N * 2 * 3 * 5, dtype=np.float32).reshape(N, 2, 3, 5)


def saved(path: Path, array: np.ndarray) -> str:
    np.save(path, array)
    return str(path)


def test_floats_are_read_bit_by_bit(tmp_path: Path, streamed: None) -> None:
    dataset = Npy(saved(tmp_path / "a.npy", FLOATS), labels=saved(tmp_path / "y.npy", np.arange(N) % 3))
    assert (len(dataset), dataset.spec.shape, dataset.class_names) == (N, (2, 3, 5), ("0", "1", "2"))
    assert dataset.tensors() is None
    for i in range(N):
        assert torch.equal(dataset[i]["x"], torch.from_numpy(FLOATS[i])) and dataset[i]["y"] == i % 3


def test_the_order_is_that_of_the_seed_and_a_resume_continues_it(tmp_path: Path, streamed: None) -> None:
    dataset = Npy(saved(tmp_path / "a.npy", FLOATS), labels=saved(tmp_path / "y.npy", np.arange(N) % 3))
    firsts = FLOATS[:, 0, 0, 0].tolist()
    check_order(dataset, lambda x: firsts.index(x[0, 0, 0].item()))
    assert len(pickle.dumps(dataset)) < 2000  # a worker maps the file itself


def test_what_fits_stays_in_memory(tmp_path: Path) -> None:
    whole = Npy(saved(tmp_path / "a.npy", FLOATS)).tensors()
    assert whole is not None and torch.equal(whole["x"], torch.from_numpy(FLOATS)) and set(whole) == {"x"}


@pytest.mark.parametrize(
    ("array", "settings", "expected"),
    [
        (np.arange(4, dtype=np.uint8).reshape(1, 2, 2), {}, [[[0, 1], [2, 3]]]),
        (np.arange(6, dtype=np.uint8).reshape(1, 1, 2, 3), {"layout": "channels_first"}, [[[0, 1, 2], [3, 4, 5]]]),
        (np.arange(6, dtype=np.uint8).reshape(1, 1, 2, 3), {}, [[[0, 3]], [[1, 4]], [[2, 5]]]),
        (np.array([[[0, 65535]]], np.uint16), {}, [[[-1, 1]]]),
        (np.array([[[0, 65535]]], ">u2"), {}, [[[-1, 1]]]),
        (np.array([[[0, 4095]]], np.uint16), {"max_value": 4095}, [[[-1, 1]]]),
        (np.array([[[0, 1]]], np.uint8), {"max_value": 1}, [[[-1, 1]]]),
        (np.array([[[0.25, 1.0]]]), {"min_value": 0}, [[[-0.5, 1]]]),
        (np.array([[[-300.0, 100.0]]]), {"min_value": -300, "max_value": 100}, [[[-1, 1]]]),
        (np.array([[2.5, -7.0]]), {}, [2.5, -7.0]),
    ],
)
def test_numbers_of_any_type_become_pictures(
    array: np.ndarray, settings: Any, expected: list[Any], tmp_path: Path
) -> None:
    assert Npy(saved(tmp_path / "a.npy", array), **settings)[0]["x"].tolist() == expected


@pytest.mark.parametrize(
    ("array", "settings", "says"),
    [
        (np.full((2, 4, 4), 0.5), {}, "lie in 0.5..0.5, .*Set min_value=0 and max_value=1"),
        (np.linspace(-3, 9, 32).reshape(2, 4, 4), {}, "Set min_value=-3 and max_value=9"),
        (np.linspace(0, 2, 32).reshape(2, 4, 4), {"max_value": 1}, r"have numbers in 1\.0.*\.\.2, beyond -1\.\.1"),
        (
            np.zeros((2, 4, 4, 4), np.uint8),
            {},
            'no axis .* is clearly that of the channels. Set layout = "channels_first"',
        ),
        (np.zeros((2, 4), np.int64), {}, "expected images"),
        (np.zeros((0, 4, 4)), {}, "holds no samples"),
        (np.array(["a"]), {}, "expected images"),
        (np.array([{}], dtype=object), {}, "it holds Python objects"),
        (np.asfortranarray(np.zeros((2, 4, 4))), {}, "numpy.ascontiguousarray"),
    ],
)
def test_other_arrays_are_refused_with_the_remedy(array: np.ndarray, settings: Any, says: str, tmp_path: Path) -> None:
    dataset = Npy(saved(tmp_path / "a.npy", array), **settings)
    with pytest.raises(DataError, match=says):
        for i in range(len(dataset)):
            dataset[i]


def test_an_uncompressed_npz_is_mapped_and_a_compressed_one_refused(tmp_path: Path, streamed: None) -> None:
    np.savez(tmp_path / "a.npz", labels=np.arange(N) % 2, images=FLOATS)
    dataset = Npy(str(tmp_path / "a.npz"))
    assert torch.equal(dataset[7]["x"], torch.from_numpy(FLOATS[7])) and dataset[7]["y"] == 1
    np.savez_compressed(tmp_path / "b.npz", images=FLOATS)
    with pytest.raises(DataError, match=r"it is compressed.*Write it by numpy\.save or numpy\.savez"):
        len(Npy(str(tmp_path / "b.npz")))
    np.savez(tmp_path / "c.npz", pictures=FLOATS)
    with pytest.raises(DataError, match="it has no array 'images' or 'x'"):
        len(Npy(str(tmp_path / "c.npz")))


def test_a_file_that_was_cut_off_is_named(tmp_path: Path) -> None:
    path = Path(saved(tmp_path / "a.npy", FLOATS))
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(DataError, match=r"cannot map .*a\.npy"):
        len(Npy(str(path)))


def test_black_and_white_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(GanzooError, match="min_value=1 is not below max_value=0"):
        Npy("a.npy", min_value=1, max_value=0)
