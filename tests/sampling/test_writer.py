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
from ganzoo.sampling import formats, writer
from ganzoo.visualization import grid
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
    y = torch.tensor([2, 0, 1, 2, 0])
    writer.save(samples, y, tmp_path / "pictures", 2, class_names=["cat", "T-shirt/top", "é è"])
    names = sorted(path.name for path in (tmp_path / "pictures").iterdir())
    assert names == ["000000-é_è.png", "000001-cat.png", "000002-T-shirt_top.png", "000003-é_è.png", "000004-cat.png"]
    for name, expected in zip(names, to_uint8(samples), strict=True):
        with Image.open(tmp_path / "pictures" / name) as opened:
            pixels = torch.from_numpy(np.array(opened)).view(4, 6, channels).permute(2, 0, 1)
            assert torch.equal(pixels, expected)


def test_names_of_classes_are_safe_and_differ() -> None:
    names = formats.file_names(["a/b", "a b", "", "..", "x" * 300, "\udce9", "ok"])
    assert names[:4] == ["a_b-0", "a_b-1", "-2", ".."]
    assert all(len(name.encode()) <= 110 and "/" not in name for name in names)
    assert names[6] == "ok" and len(set(names)) == 7


@pytest.mark.parametrize("name", ["a.png", "a.npz", "pictures", "A.PNG"])
def test_what_is_written_in_parts_is_what_is_written_at_once(name: str, tmp_path: Path) -> None:
    samples, y = images(3, n=11), torch.arange(11) % 3
    writer.save(samples, y, tmp_path / "whole" / name, 4)
    with writer.writing(tmp_path / "parts" / name, formats.Layout(11, 4)) as file:
        for part, labels in zip(samples.split(3), y.split(3), strict=True):
            file.write(part, labels)
    whole, parts = (
        {path.name: pixels(path) for path in sorted((tmp_path / kind).rglob("*")) if path.is_file()}
        for kind in ("whole", "parts")
    )
    assert whole.keys() == parts.keys() and len(whole) == (11 if name == "pictures" else 1)
    assert all((whole[key] == parts[key]).all() for key in whole)
    if name == "A.PNG":
        assert (parts[name] == np.asarray(grid.picture(samples, 4))).all()


def pixels(path: Path) -> np.ndarray:
    if path.suffix == ".npz":
        with np.load(path) as file:
            return file["images"] + file["labels"][:, None, None, None]
    with Image.open(path) as opened:
        return np.asarray(opened)


@pytest.mark.parametrize("name", ["a.png", "a.npz", "pictures"])
def test_what_is_there_is_never_written_over(name: str, tmp_path: Path) -> None:
    target, mine = tmp_path / name, tmp_path / name / "000000.png"
    (target if target.suffix else mine).parent.mkdir(exist_ok=True)
    (target if target.suffix else mine).write_bytes(b"mine")
    with pytest.raises(GanzooError, match=r"left as it is\. Give a"):
        writer.save(images(), None, target, 2)
    assert (target if target.suffix else mine).read_bytes() == b"mine"
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["a.png", "a.npz", "pictures"])
def test_what_takes_the_name_meanwhile_stays_too(name: str, tmp_path: Path) -> None:
    with writer.writing(tmp_path / name, formats.Layout(5)) as file:
        file.write(images())
        (tmp_path / name).mkdir() if name == "pictures" else (tmp_path / name).write_bytes(b"mine")
        if name == "pictures":
            (tmp_path / name / "mine.png").write_bytes(b"mine")
    assert file.path == (tmp_path / name).with_stem(f"{Path(name).stem}-2") and file.path.exists()
    assert b"mine" in [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.parametrize("name", ["a.png", "a.npz", "pictures"])
def test_nothing_is_left_of_what_failed(name: str, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), writer.writing(tmp_path / name, formats.Layout(10)) as file:
        file.write(images())
        raise KeyboardInterrupt
    assert not list(tmp_path.iterdir())


def test_an_empty_folder_is_filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    writer.save(images(), None, Path(), 2)
    assert len(list(tmp_path.glob("*.png"))) == 5 == len(list(tmp_path.iterdir()))


def test_the_dataset_folder_reads_those_pictures(tmp_path: Path) -> None:
    samples = torch.rand(3, 3, 8, 8) * 2 - 1
    writer.save(samples, None, tmp_path / "pictures", 2)
    assert torch.equal(Folder(str(tmp_path / "pictures"), size=8).tensors()["x"], to_uint8(samples))


def test_a_png_is_a_grid_with_so_many_columns(tmp_path: Path) -> None:
    writer.save(images(), None, tmp_path / "new" / "a.png", 3)
    with Image.open(tmp_path / "new" / "a.png") as opened:
        assert opened.size == (3 * 8 + 2, 2 * 6 + 2)


@pytest.mark.parametrize(
    ("n", "classes", "expected"), [(64, 0, 8), (10, 0, 3), (1, 0, 1), (20, 5, 5), (64, 600, 8), (2025, 2025, 45)]
)
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
    with pytest.raises(GanzooError, match=r"Give (another place|a new folder) with --out"):
        writer.save(images(), None, tmp_path / name, 2)
