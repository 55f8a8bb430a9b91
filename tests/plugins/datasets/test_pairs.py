"""The dataset `pairs`: two folders, paired by name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PIL import Image

import ganzoo
from ganzoo import DataError
from ganzoo_builtins.datasets import pairs
from ganzoo_builtins.datasets.pairs import Pairs
from helpers.support import tiny, train

TRANSLATING = """
[procedure]
use = "translation"
[generator]
use = "pix2pix"
width = 2
[discriminator]
use = "pix2pix"
width = 2
layers = 1
"""


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Ten pairs: a is dark and b is light, in shades of their number; the order on the disk differs."""
    for i in (3, 1, 7, 0, 9, 2, 8, 4, 6, 5):
        for side, suffix, shade in (("a", "png", 0), ("b", "bmp", 200)):
            path = tmp_path / "photos" / side / f"{i}.{suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (12, 10), (shade + i,) * 3).save(path)
    return tmp_path / "photos"


def test_pictures_are_paired_by_name_whatever_their_suffix(photos: Path) -> None:
    whole = Pairs(str(photos), size=8).tensors()
    assert whole is not None and whole["a"].shape == whole["b"].shape == (10, 3, 8, 8)
    assert whole["a"].float().mean((1, 2, 3)).tolist() == [*range(10)]
    assert whole["b"].float().mean((1, 2, 3)).tolist() == [*range(200, 210)]


def test_more_than_fits_in_memory_is_decoded_one_at_a_time(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairs, "IN_MEMORY", 100)
    dataset = Pairs(str(photos), size=8, channels=1)
    assert dataset.tensors() is None
    assert dataset[4]["a"].unique().tolist() == [4] and dataset[4]["b"].unique().tolist() == [204]
    assert dataset.fingerprint() == Pairs(str(photos), size=8, channels=1).fingerprint()


def test_a_picture_without_a_partner_is_named(photos: Path) -> None:
    (photos / "b/4.bmp").unlink()
    with pytest.raises(DataError, match=r"1 picture has no partner in .*, such as 4"):
        len(Pairs(str(photos)))


def test_two_pictures_of_one_name_are_refused_by_name(photos: Path) -> None:
    Image.new("RGB", (4, 4)).save(photos / "a/4.jpg")
    message = r"1 picture has the name of another one in .*, without suffix: a/4\.jpg and a/4\.png\. Rename them"
    with pytest.raises(DataError, match=message):
        len(Pairs(str(photos)))
    Image.new("RGB", (4, 4)).save(photos / "b/4.tiff")
    message = r"2 pictures .*: a/4\.jpg and a/4\.png; b/4\.bmp and b/4\.tiff\. Rename"
    with pytest.raises(DataError, match=message):
        len(Pairs(str(photos)))


def test_names_are_paired_in_any_unicode_form(tmp_path: Path) -> None:
    for side, names in (("a", ["caf\u00e9", "z"]), ("b", ["cafe\u0301", "z"])):
        (tmp_path / side).mkdir()
        for shade, name in enumerate(names):
            Image.new("L", (4, 4), shade).save(tmp_path / side / f"{name}.png")
    pair = Pairs(str(tmp_path), size=4, channels=1).tensors()
    assert pair is not None and pair["a"][:, 0, 0, 0].tolist() == pair["b"][:, 0, 0, 0].tolist() == [0, 1]
    Image.new("L", (4, 4)).save(tmp_path / "a/cafe\u0301.png")
    with pytest.raises(DataError, match=r"1 picture has the name of another one"):
        len(Pairs(str(tmp_path)))


def test_both_folders_are_needed_and_pictures_in_them(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(DataError, match="has no folder 'b'"):
        len(Pairs(str(tmp_path)))
    (tmp_path / "b").mkdir()
    with pytest.raises(DataError, match=f"no images in {re.escape(str(tmp_path / 'a'))}"):
        len(Pairs(str(tmp_path)))


def test_a_gan_is_trained_on_pairs_and_translates_them(photos: Path, tmp_path: Path) -> None:
    recipe = tiny(
        f'[dataset]\nuse = "pairs"\npath = "{photos}"\nsize = 8\n{TRANSLATING}', "run.steps=2", "run.batch_size=4"
    )
    run = train(recipe, tmp_path)
    assert run.status["state"] == "finished"
    with Image.open(run.samples / "real.png") as grid:
        assert grid.getpixel((3, 3))[0] >= 200  # what one of the inputs should become
    a, b = ganzoo.load(run).pairs(10, seed=0)
    assert (b - a).unique(dim=0).shape[0] == 1 and len(a.unique(dim=0)) == 10
    assert ganzoo.load(run).sample(3, seed=0).shape == (3, 3, 8, 8)


def test_inputs_may_have_a_size_and_channels_of_their_own(photos: Path) -> None:
    dataset = Pairs(str(photos), size=8, input_size=4, input_channels=1)
    assert dataset.spec == ganzoo.Spec((3, 8, 8), source_shape=(1, 4, 4))
    assert {key: x.shape for key, x in dataset[2].items()} == {"a": (1, 4, 4), "b": (3, 8, 8)}
    whole = dataset.tensors()
    assert whole is not None and whole["a"].float().mean((1, 2, 3)).tolist() == [*range(10)]
    assert dataset.fingerprint() != Pairs(str(photos), size=8).fingerprint()
    assert Pairs(str(photos), size=8, input_size=8).fingerprint() == Pairs(str(photos), size=8).fingerprint()
