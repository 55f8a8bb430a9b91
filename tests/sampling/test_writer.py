"""Samples as files: what is written, and that it reads back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from ganzoo import GanzooError
from ganzoo.data.loader import normalised
from ganzoo.sampling import writer
from ganzoo.visualization.grid import to_uint8
from ganzoo_builtins.datasets.folder import Folder
from ganzoo_builtins.datasets.npz import Npz


def images(channels: int = 1, n: int = 5) -> Tensor:
    """(n, channels, 4, 6) in [-1, 1]."""
    return torch.rand(n, channels, 4, 6, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.mark.parametrize("channels", [1, 3])
def test_an_npz_holds_bytes_and_labels(channels: int, tmp_path: Path) -> None:
    samples, y = images(channels), torch.tensor([2, 0, 1, 2, 0])
    assert writer.save(samples, y, tmp_path / "a.npz", 2) == tmp_path / "a.npz"
    with np.load(tmp_path / "a.npz", allow_pickle=False) as file:
        assert set(file.files) == {"images", "labels"}
        assert (file["images"].dtype, file["images"].shape) == (np.uint8, (5, 4, 6, channels))
        assert (file["images"] == to_uint8(samples).permute(0, 2, 3, 1).numpy()).all()
        assert file["labels"].dtype == np.int64
        assert file["labels"].tolist() == [2, 0, 1, 2, 0]


def test_without_classes_labels_are_minus_one(tmp_path: Path) -> None:
    writer.save(images(), None, tmp_path / "a.npz", 2)
    with np.load(tmp_path / "a.npz") as file:
        assert file["labels"].tolist() == [-1] * 5


def test_points_are_stored_as_they_are(tmp_path: Path) -> None:
    points = torch.randn(7, 2)
    writer.save(points, None, tmp_path / "a.npz", 2)
    with np.load(tmp_path / "a.npz") as file:
        assert (file["images"] == points.numpy()).all()


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("y", [None, torch.tensor([2, 0, 1, 2, 0])], ids=["unlabelled", "labelled"])
def test_the_dataset_npz_reads_back_what_was_written(channels: int, y: Tensor | None, tmp_path: Path) -> None:
    samples = normalised({"x": to_uint8(images(channels))})["x"]
    dataset = Npz(str(writer.save(samples, y, tmp_path / "a.npz", 2)))
    found = normalised(dataset.tensors())
    assert torch.equal(found["x"], samples)
    assert dataset.spec.classes == (0 if y is None else 3)
    if y is not None:
        assert torch.equal(found["y"], y)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_folder_gets_one_picture_each(channels: int, tmp_path: Path) -> None:
    samples = images(channels)
    writer.save(samples, torch.tensor([2, 0, 1, 2, 0]), tmp_path / "pictures", 2)
    names = sorted(path.name for path in (tmp_path / "pictures").iterdir())
    assert names == ["000000-2.png", "000001-0.png", "000002-1.png", "000003-2.png", "000004-0.png"]
    for name, expected in zip(names, to_uint8(samples), strict=True):
        with Image.open(tmp_path / "pictures" / name) as opened:
            pixels = torch.from_numpy(np.array(opened)).view(4, 6, channels).permute(2, 0, 1)
            assert torch.equal(pixels, expected)


def test_the_dataset_folder_reads_those_pictures(tmp_path: Path) -> None:
    samples = torch.rand(3, 3, 8, 8) * 2 - 1
    writer.save(samples, None, tmp_path / "pictures", 2)
    assert torch.equal(Folder(str(tmp_path / "pictures"), size=8).tensors()["x"], to_uint8(samples))


def test_a_png_is_a_grid_with_so_many_columns(tmp_path: Path) -> None:
    writer.save(images(), None, tmp_path / "new" / "a.png", 3)
    with Image.open(tmp_path / "new" / "a.png") as opened:
        assert opened.size == (3 * 8 + 2, 2 * 6 + 2)


@pytest.mark.parametrize(("n", "classes", "expected"), [(64, 0, 8), (10, 0, 3), (1, 0, 1), (20, 5, 5)])
def test_columns(n: int, classes: int, expected: int) -> None:
    assert writer.columns(n, classes) == expected


@pytest.mark.parametrize("name", ["a.jpg", "a.pt", "a.tar.gz"])
def test_another_ending_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(GanzooError, match=rf"{name}: end it in \.png for a grid or \.npz for arrays"):
        writer.save(images(), None, tmp_path / name, 2)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["a.png", "pictures"])
def test_what_has_no_picture_is_sent_to_an_npz(name: str, tmp_path: Path) -> None:
    with pytest.raises(GanzooError, match=r"Write an \.npz instead: --out samples\.npz"):
        writer.save(torch.zeros(2, 3, 4), None, tmp_path / name, 2)


@pytest.mark.parametrize("name", ["file/a.png", "file/a.npz", "file/pictures", "file"])
def test_a_place_that_cannot_be_written_is_named(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(GanzooError, match=r"Give another place with --out"):
        writer.save(images(), None, tmp_path / name, 2)
