"""The dataset `unpaired`: two folders of pictures, in any number each."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image

from ganzoo import DataError, Spec
from ganzoo_builtins.datasets.unpaired_folders import UnpairedFolders


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Three dark pictures in two subfolders of a, and five light ones in b."""
    for side, n, shade in (("a", 3, 0), ("b", 5, 200)):
        for i in range(n):
            path = tmp_path / "photos" / side / (f"class {i % 2}" if side == "a" else "") / f"{i}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (12, 10), (shade + i,) * 3).save(path)
    return tmp_path / "photos"


def test_either_folder_has_any_number_and_shape(photos: Path) -> None:
    dataset = UnpairedFolders(str(photos), size=8, input_size=4, input_channels=1)
    assert dataset.spec == Spec((3, 8, 8), source_shape=(1, 4, 4)) and len(dataset) == 5
    assert dataset.sides()["a"].spec.shape == (1, 4, 4)
    example = dataset[4]
    assert example["a"].shape == (1, 4, 4) and example["b"].shape == (3, 8, 8)
    assert sorted({int(one["a"].float().mean()) for one in dataset}) == [0, 1, 2]
    assert sorted(int(one["b"].float().mean()) for one in dataset) == [*range(200, 205)]


def test_folders_may_have_other_names(photos: Path) -> None:
    photos.joinpath("b").rename(photos / "trainB")
    photos.joinpath("a").rename(photos / "trainA")
    assert len(UnpairedFolders(str(photos), size=8, folders=("trainA", "trainB"))) == 5
    with pytest.raises(DataError, match=r"has no folder 'a'.*set folders to their names"):
        len(UnpairedFolders(str(photos), size=8))


def test_the_spec_needs_no_folder() -> None:
    assert UnpairedFolders("nowhere", size=8).spec == Spec((3, 8, 8))


def test_a_picture_can_be_read_in_its_own_size(photos: Path) -> None:
    whole = UnpairedFolders(str(photos), size=8, channels=1).b.whole_picture(1)
    assert whole.shape == (1, 10, 12) and whole.dtype is torch.uint8 and set(whole.flatten().tolist()) == {201}
