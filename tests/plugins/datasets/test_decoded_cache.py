"""Pictures are decoded once; whatever happens to the files on disk, no wrong picture comes back."""

from __future__ import annotations

import errno
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import get_worker_info

from ganzoo.data.loader import Batches
from ganzoo_builtins.datasets import decoded_cache, pictures
from ganzoo_builtins.datasets.folder import Folder
from ganzoo_builtins.datasets.image_decoder import ImageDecoder
from helpers import profiles

N, SIDE = 12, 8


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Pictures of two classes; one is grey, one has a colour profile."""
    folder, random = tmp_path / "photos", np.random.default_rng(0)
    for i in range(N):
        path = folder / "ab"[i % 2] / f"{i:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        image = Image.fromarray(random.integers(0, 256, (20, 16, 3), np.uint8))
        (image.convert("L") if i == 3 else image).save(path, icc_profile=profiles.rgb() if i == 4 else None)
    return folder


def opened(photos: Path, **settings: object) -> Folder:
    return Folder(str(photos), size=SIDE, **{"cache": True, **settings})  # type: ignore[arg-type]


def forbid_decoding(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: ImageDecoder, source: object, name: str = "") -> None:
        raise AssertionError(f"{name} was decoded again")

    monkeypatch.setattr(ImageDecoder, "__call__", refuse)


def files() -> tuple[Path, Path]:
    (folder,) = (decoded_cache.cache_root() / decoded_cache.FOLDER).iterdir()
    return folder / decoded_cache.PIXELS, folder / decoded_cache.RECORDS


@pytest.mark.parametrize("in_memory", [2**30, 0])
def test_the_second_time_nothing_is_decoded(in_memory: int, photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "IN_MEMORY", in_memory)
    plain = opened(photos, cache=False)
    expected = [plain[i] for i in range(N)]
    first = opened(photos)
    assert all(first[i]["x"].equal(expected[i]["x"]) for i in range(N))
    forbid_decoding(monkeypatch)
    second = opened(photos)
    for i in range(N):
        assert second[i]["x"].equal(expected[i]["x"]) and second[i]["y"] == expected[i]["y"]
    assert (second.tensors() is None) == (in_memory == 0)
    told = [remark for remark in plain.remarks() if "decoded again" not in remark]
    assert second.remarks() == first.remarks() == told and len(told) == 2  # grey, and the colour profile
    assert second.original_sizes() == [(20, 16)] * N


def test_numbers_of_full_depth_are_kept_bit_for_bit(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = opened(photos, depth="full", channels=1)
    expected = [first[i]["x"] for i in range(N)]
    forbid_decoding(monkeypatch)
    second = opened(photos, depth="full", channels=1)
    assert all(second[i]["x"].equal(expected[i]) and expected[i].dtype == torch.float32 for i in range(N))


def test_a_changed_file_and_other_settings_begin_a_new_folder(photos: Path) -> None:
    before = opened(photos)[0]["x"]
    Image.new("RGB", (30, 30), "red").save(photos / "a/00.png")
    after = opened(photos)[0]["x"]
    assert not after.equal(before) and after[0].eq(255).all()
    opened(photos, fit="pad")[0]
    assert len(list((decoded_cache.cache_root() / decoded_cache.FOLDER).iterdir())) == 3


@pytest.mark.parametrize("file", [0, 1])
@pytest.mark.parametrize("damage", ["flip", "cut", "zero"])
def test_damaged_files_are_never_believed(file: int, damage: str, photos: Path) -> None:
    first = opened(photos)
    expected = [first[i]["x"] for i in range(N)]
    path = files()[file]
    content = bytearray(path.read_bytes())
    for at in range(5, len(content), 40):
        content[at] = content[at] ^ 1 if damage == "flip" else 0
    path.write_bytes(content[: len(content) // 2] if damage == "cut" else content)
    again = opened(photos)
    assert all(again[i]["x"].equal(expected[i]) for i in range(N))


def test_a_picture_whose_record_was_not_written_is_decoded_again(photos: Path) -> None:
    first = opened(photos)
    expected = [first[i]["x"] for i in range(N)]
    files()[1].write_bytes(b"")  # as after the end of a process between the two writes
    assert all(opened(photos)[i]["x"].equal(expected[i]) for i in range(N))


@pytest.mark.parametrize("reason", [errno.ENOSPC, errno.EROFS])
def test_a_full_disk_ends_the_filling_and_nothing_else(
    reason: int, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(reason, os.strerror(reason))

    expected = opened(photos, cache=False)
    monkeypatch.setattr(os, "pwrite", full)
    data = opened(photos)
    assert all(data[i]["x"].equal(expected[i]["x"]) for i in range(N))
    assert any(remark.startswith("decoded pictures are not kept: ") for remark in data.remarks())


def test_too_little_room_is_said_and_nothing_is_written(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoded_cache, "SPARE", 2**60)
    data = opened(photos)
    assert data[0]["x"].shape == (3, SIDE, SIDE)
    assert "0.0 GiB are needed, and" in data.remarks()[-1]
    assert not list((decoded_cache.cache_root() / decoded_cache.FOLDER).glob("*/*"))


def test_a_cache_folder_that_cannot_be_made_is_said(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "file"))
    data = opened(photos)
    assert data[0]["x"].shape == (3, SIDE, SIDE) and "Not a directory" in data.remarks()[-1]


def test_worker_processes_fill_the_same_files(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "IN_MEMORY", 0)

    def epoch(data: Folder, workers: int) -> list[torch.Tensor]:
        batches = Batches.of(data, 4, 0, torch.device("cpu"), workers=workers)
        try:
            return [next(batches)["x"] for _ in range(N // 4)]
        finally:
            batches.close()

    expected = epoch(opened(photos, cache=False), 0)
    filled = epoch(opened(photos), 2)
    forbid_decoding(monkeypatch)
    read = epoch(opened(photos), 0)
    assert get_worker_info() is None
    assert all(a.equal(b) and b.equal(c) for a, b, c in zip(expected, filled, read, strict=True))


def test_open_files_do_not_travel_to_spawned_processes(photos: Path) -> None:
    data = opened(photos)
    x = data[0]["x"]
    copy = pickle.loads(pickle.dumps(data))  # as torch's workers get it
    assert copy[0]["x"].equal(x)


def test_decoding_in_every_epoch_is_told_with_the_remedy(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not opened(photos, cache=False).remarks()
    monkeypatch.setattr(pictures, "IN_MEMORY", 0)
    (told,) = opened(photos, cache=False).remarks()
    assert "dataset.cache=true keeps them decoded, 0.0 GiB" in told
