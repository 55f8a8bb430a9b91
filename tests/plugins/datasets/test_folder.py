"""The dataset `folder`: all kinds of images, with their exact pixels after decoding."""

from __future__ import annotations

import errno
import os
import re
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ganzoo.errors import DataError, GanzooError
from ganzoo_builtins.datasets import pictures as module
from ganzoo_builtins.datasets.folder import Folder
from ganzoo_builtins.datasets.pairs import Pairs

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def save(
    path: Path, colour: object = RED, mode: str = "RGB", size: tuple[int, int] = (8, 8), **options: object
) -> Path:
    """A picture of one colour."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour).save(path, **options)  # type: ignore[arg-type]
    return path


def only(dataset: Folder) -> torch.Tensor:
    """The single image (C, H, W) of a folder."""
    assert len(dataset) == 1
    return dataset[0]["x"]


def colours(x: torch.Tensor) -> list[tuple[int, ...]]:
    """(C, H, W) -> the different colours in it."""
    return sorted({tuple(pixel) for pixel in x.flatten(1).T.tolist()})


def test_subfolders_are_classes_in_alphabetical_order(tmp_path: Path) -> None:
    save(tmp_path / "green" / "2.png", GREEN)
    save(tmp_path / "green" / "10.png", (0, 254, 0))
    save(tmp_path / "blue" / "inside" / "a.PNG", BLUE)
    dataset = Folder(str(tmp_path), size=4)
    assert (dataset.spec.shape, dataset.spec.classes, dataset.class_names) == ((3, 4, 4), 2, ("blue", "green"))
    whole = dataset.tensors()
    assert whole is not None and whole["x"].dtype == torch.uint8 and whole["x"].shape == (3, 3, 4, 4)
    assert [colours(x) for x in whole["x"]] == [[BLUE], [(0, 254, 0)], [GREEN]]
    assert whole["y"].tolist() == [0, 1, 1] and whole["y"].dtype == torch.int64
    assert [dataset[i]["y"].item() for i in range(3)] == [0, 1, 1]


def test_without_subfolders_there_are_no_labels(tmp_path: Path) -> None:
    save(tmp_path / "b.png", BLUE)
    save(tmp_path / "a.jpg", (128, 128, 128))
    dataset = Folder(str(tmp_path), size=8)
    assert dataset.spec.classes == 0 and dataset.class_names == ()
    whole = dataset.tensors()
    assert whole is not None and set(whole) == set(dataset[0]) == {"x"}
    assert [colours(x) for x in whole["x"]] == [[(128, 128, 128)], [BLUE]]


def test_building_one_reads_nothing_and_the_spec_decodes_nothing(tmp_path: Path) -> None:
    dataset = Folder(str(tmp_path / "later"), size=16, channels=1)
    (tmp_path / "later" / "class").mkdir(parents=True)
    (tmp_path / "later" / "class" / "broken.png").write_bytes(b"nonsense")
    assert dataset.spec.shape == (1, 16, 16) and dataset.spec.classes == 1


def test_a_relative_path_is_looked_for_here_and_then_in_the_data_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("GANZOO_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    save(tmp_path / "data" / "pets" / "a.png", BLUE)
    save(tmp_path / "home" / "pets" / "a.png", GREEN)
    assert colours(only(Folder("pets"))) == [BLUE]
    assert colours(only(Folder("~/pets"))) == [GREEN]
    save(tmp_path / "here" / "pets" / "a.png", RED)
    assert colours(only(Folder("pets"))) == [RED]


# Kinds of pictures


def test_transparency_shows_the_background(tmp_path: Path) -> None:
    save(tmp_path / "a.png", (10, 20, 30, 0), "RGBA")
    assert colours(only(Folder(str(tmp_path)))) == [(255, 255, 255)]
    assert colours(only(Folder(str(tmp_path), background="#0a0b0c"))) == [(10, 11, 12)]
    assert colours(only(Folder(str(tmp_path), background=(1, 2, 3)))) == [(1, 2, 3)]
    assert colours(only(Folder(str(tmp_path), channels=1, background="black"))) == [(0,)]


def test_half_transparency_mixes(tmp_path: Path) -> None:
    save(tmp_path / "a.png", (0, 0, 0, 51), "RGBA")  # a fifth
    assert colours(only(Folder(str(tmp_path)))) == [(204, 204, 204)]


def test_grey_with_transparency(tmp_path: Path) -> None:
    save(tmp_path / "a.png", (0, 0), "LA")
    assert colours(only(Folder(str(tmp_path), channels=1))) == [(255,)]


def test_a_palette_with_transparency(tmp_path: Path) -> None:
    image = Image.new("P", (8, 8), 0)
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.paste(1, (0, 0, 8, 4))
    image.save(tmp_path / "a.png", transparency=bytes([0, 255]))  # red is invisible, blue is not
    x = only(Folder(str(tmp_path), size=8))
    assert colours(x[:, :4]) == [BLUE] and colours(x[:, 4:]) == [(255, 255, 255)]


def test_grey_and_colour_convert_into_each_other(tmp_path: Path) -> None:
    save(tmp_path / "grey" / "a.png", 77, "L")
    save(tmp_path / "red" / "a.png", RED)
    assert colours(only(Folder(str(tmp_path / "grey")))) == [(77, 77, 77)]
    assert colours(only(Folder(str(tmp_path / "grey"), channels=1))) == [(77,)]
    assert colours(only(Folder(str(tmp_path / "red"), channels=1))) == [(76,)]  # 0.299 * 255


def test_one_bit_pictures(tmp_path: Path) -> None:
    save(tmp_path / "a.png", 1, "1")
    assert colours(only(Folder(str(tmp_path), channels=1))) == [(255,)]


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.pgm"])
def test_sixteen_bits_are_scaled(tmp_path: Path, name: str) -> None:
    values = np.array([[0, 257], [32896, 65535]], dtype=np.uint16)
    Image.fromarray(values).save(tmp_path / name)
    x = only(Folder(str(tmp_path), size=2, channels=1))
    assert x.tolist() == [[[0, 1], [128, 255]]]


def test_floating_point_pictures_are_refused(tmp_path: Path) -> None:
    save(tmp_path / "a.tif", 0.5, "F")
    with pytest.raises(DataError, match=r"a\.tif: it holds floating-point numbers.*save it with 8 or 16 bits"):
        Folder(str(tmp_path)).tensors()


def test_cmyk(tmp_path: Path) -> None:
    save(tmp_path / "a.tif", (0, 255, 255, 0), "CMYK")  # no cyan, all magenta and yellow: red
    assert colours(only(Folder(str(tmp_path)))) == [RED]


def test_exif_rotation_is_applied(tmp_path: Path) -> None:
    image = Image.new("RGB", (8, 8), RED)
    image.paste(BLUE, (0, 0, 8, 4))  # the upper half
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise: the upper half comes to the right
    image.save(tmp_path / "a.png", exif=exif)
    x = only(Folder(str(tmp_path), size=8))
    assert colours(x[:, :, :4]) == [RED] and colours(x[:, :, 4:]) == [BLUE]


def test_the_first_frame_of_an_animation(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in (GREEN, BLUE)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert colours(only(Folder(str(tmp_path)))) == [GREEN]


# Pictures that are not square


@pytest.fixture
def wide(tmp_path: Path) -> Path:
    image = Image.new("RGB", (16, 8), GREEN)  # blue | green green | blue
    image.paste(BLUE, (0, 0, 4, 8))
    image.paste(BLUE, (12, 0, 16, 8))
    image.save(tmp_path / "a.png")
    return tmp_path


def test_crop_keeps_the_middle(wide: Path) -> None:
    assert colours(only(Folder(str(wide), size=8))) == [GREEN]


def test_pad_keeps_everything(wide: Path) -> None:
    x = only(Folder(str(wide), size=16, fit="pad", background="red"))
    assert colours(x[:, :4]) == colours(x[:, 12:]) == [RED]
    assert colours(x[:, 4:12, :4]) == [BLUE] and colours(x[:, 4:12, 4:12]) == [GREEN]


def test_resize_fills_the_square(wide: Path) -> None:
    x = only(Folder(str(wide), size=16, fit="resize"))
    assert colours(x[:, :, :4]) == [BLUE] and colours(x[:, :, 4:12]) == [GREEN] and colours(x[:, :, 12:]) == [BLUE]


def test_shrinking_averages(tmp_path: Path) -> None:
    stripes = np.zeros((64, 64), np.uint8)
    stripes[:, ::2] = 255
    Image.fromarray(stripes).save(tmp_path / "a.png")
    x = only(Folder(str(tmp_path), size=8, channels=1))
    assert (x.int() - 127).abs().max() <= 12  # grey, no moiré


# Pictures that cannot be read


def _bomb(path: Path, width: int, height: int) -> None:
    """A PNG whose header declares width x height pixels, without any."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b""))


def test_too_many_pixels_are_refused_from_the_header(tmp_path: Path) -> None:
    _bomb(tmp_path / "a.png", 10_000, 10_000)  # Pillow would warn
    with pytest.raises(DataError, match=r"a\.png: 10000 x 10000 pixels are more than max_megapixels allows"):
        Folder(str(tmp_path)).tensors()
    _bomb(tmp_path / "a.png", 20_000, 20_000)  # Pillow would refuse
    with pytest.raises(DataError, match=r"a\.png: .*pixels"):
        Folder(str(tmp_path)).tensors()


def test_the_limit_on_pixels_can_be_set(tmp_path: Path) -> None:
    save(tmp_path / "a.png", size=(1001, 1000))
    with pytest.raises(DataError, match="1001 x 1000 pixels"):
        Folder(str(tmp_path), max_megapixels=1).tensors()


def _damage(folder: Path, kind: str) -> None:
    bad = folder / "bad.png"
    if kind == "truncated":
        Image.fromarray(np.random.default_rng(0).integers(0, 256, (32, 32), np.uint8)).save(bad)
        bad.write_bytes(bad.read_bytes()[:300])
    else:
        bad.write_bytes({"empty": b"", "text": b"no picture", "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n"}[kind])


@pytest.mark.parametrize("kind", ["empty", "text", "postscript", "truncated"])
def test_a_bad_image_is_an_error_that_names_it(tmp_path: Path, kind: str) -> None:
    save(tmp_path / "good.png")
    _damage(tmp_path, kind)
    with pytest.raises(DataError, match=r'cannot read .*bad\.png: .* Mend it, remove it, or set bad_images = "skip"'):
        Folder(str(tmp_path)).tensors()


@pytest.mark.parametrize("kind", ["empty", "text", "truncated"])
def test_a_bad_image_can_be_skipped(tmp_path: Path, kind: str) -> None:
    save(tmp_path / "a.png", GREEN)
    save(tmp_path / "c.png", BLUE)
    _damage(tmp_path, kind)
    dataset = Folder(str(tmp_path), bad_images="skip")
    assert len(dataset) == 2
    assert [colours(dataset[i]["x"]) for i in range(2)] == [[GREEN], [BLUE]]


def test_what_is_skipped_is_settled_when_the_folder_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IN_MEMORY", 0)
    for name in "ac":
        save(tmp_path / f"{name}.png")
    (tmp_path / "b.png").write_bytes(b"")
    dataset = Folder(str(tmp_path), bad_images="skip")
    assert len(dataset) == 2
    save(tmp_path / "b.png")  # mended too late
    assert len(dataset) == 2
    (tmp_path / "c.png").write_bytes(b"")  # damaged since: not skipped, which would change the order
    with pytest.raises(DataError, match=r"c\.png"):
        dataset[1]


def test_more_than_one_percent_is_too_many_to_skip(tmp_path: Path) -> None:
    for i in range(10):
        save(tmp_path / f"{i}.png")
    for i in range(2):
        (tmp_path / f"bad{i}.png").write_bytes(b"")
    with pytest.raises(
        DataError, match=r"2 of 12 images are bad, too many to skip \(1 %\):\n.*bad0\.png.*\n.*bad1\.png"
    ) as told:
        len(Folder(str(tmp_path), bad_images="skip"))
    assert "set bad_images" not in told.value.message


# Which files count


def test_hidden_and_other_files_are_left_alone(tmp_path: Path) -> None:
    save(tmp_path / "cat" / "a.png", GREEN)
    save(tmp_path / "cat" / ".thumb.png")
    save(tmp_path / ".ipynb_checkpoints" / "a.png")
    save(tmp_path / "cat" / "@eaDir" / "a.png")
    save(tmp_path / "__MACOSX" / "a.png")
    (tmp_path / "cat" / "notes.txt").write_text("a cat")
    (tmp_path / "README.md").write_text("cats")
    dataset = Folder(str(tmp_path))
    assert dataset.class_names == ("cat",)
    assert colours(only(dataset)) == [GREEN]


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_links_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    outside = save(tmp_path / "secret" / "s.png", RED)
    save(tmp_path / "mine" / "cat" / "a.png", GREEN)
    (tmp_path / "mine" / "cat" / "b.png").symlink_to(outside)
    (tmp_path / "mine" / "cat" / "c.png").symlink_to("a.png")  # stays inside
    (tmp_path / "mine" / "cat" / "d.png").symlink_to("nowhere.png")
    (tmp_path / "mine" / "cat" / "loop").symlink_to("..")
    (tmp_path / "mine" / "dog").symlink_to(outside.parent)
    (tmp_path / "link").symlink_to("mine")  # the folder itself may be one
    for root in ("mine", "link"):
        dataset = Folder(str(tmp_path / root))
        assert dataset.class_names == ("cat",)
        assert [colours(dataset[i]["x"]) for i in range(len(dataset))] == [[GREEN], [GREEN]]


def test_what_is_left_alone_is_counted_and_named(tmp_path: Path) -> None:
    for name in ("a.png", "b.JPG", "c.jfif"):
        save(tmp_path / "photos" / name, format="PNG")
    for name in ("d.heic", "e.HEIC", "f.jp2", "noending", ".hidden.png", "g.jpg!d", "evil\x1b[2J.\x1bx"):
        (tmp_path / "photos" / name).write_bytes(b"?")
    outside = save(tmp_path / "outside" / "o.png")
    (tmp_path / "photos" / "o.png").symlink_to(outside)
    (tmp_path / "photos" / "cats").symlink_to(outside.parent)
    (tmp_path / "photos" / "nowhere.png").symlink_to("gone.png")
    (tmp_path / "photos" / "here").symlink_to(".")
    (tmp_path / "photos" / "same.png").symlink_to("a.png")  # taken
    (remark,) = Folder(str(tmp_path / "photos")).remarks()
    first, _, listed = remark.partition(": ")
    assert first == "11 of 15 files were left alone"
    assert sorted(listed.split(", ")) == [
        r"1 .\x1bx",
        "1 .jp2",
        "1 .jpg!d",
        "1 broken link (nowhere.png)",
        "1 hidden (.hidden.png)",
        "1 link to a folder (here)",
        "1 without suffix (noending)",
        "2 .heic",
        "2 links out of the folder (such as cats)",
    ]


def test_what_is_left_alone_next_to_classes_and_in_them_is_counted(tmp_path: Path) -> None:
    save(tmp_path / "photos" / "cat" / "a.png")
    save(tmp_path / "photos" / "dog" / "a.png")
    (tmp_path / "photos" / "dog" / "b.heic").write_bytes(b"?")
    (tmp_path / "photos" / "notes.csv").write_text("a,b")
    (tmp_path / "photos" / "bird").symlink_to(tmp_path)
    (remark,) = Folder(str(tmp_path / "photos")).remarks()
    assert remark == "3 of 5 files were left alone: 1 link out of the folder (bird), 1 .csv, 1 .heic"


def test_where_everything_is_left_alone_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.heic").write_bytes(b"?")
    with pytest.raises(DataError, match=r"no images in .*photos: 1 \.heic left alone\. Put some there \(.*\.bmp"):
        len(Folder(str(tmp_path / "photos")))
    (tmp_path / "photos" / "cats").symlink_to(tmp_path)
    with pytest.raises(DataError, match=r"1 link out of the folder \(cats\) left alone.* copy what they point to"):
        len(Folder(str(tmp_path / "photos")))


def test_many_kinds_that_are_left_alone_are_listed_in_part(tmp_path: Path) -> None:
    save(tmp_path / "a.png")
    for i in range(30):
        (tmp_path / f"a.x{i}").write_bytes(b"?")
    (remark,) = Folder(str(tmp_path)).remarks()
    assert remark.startswith("30 of 31 files were left alone: 1 .x0, ") and remark.endswith(", 20 of other kinds")


def test_of_pairs_too_it_is_counted(tmp_path: Path) -> None:
    save(tmp_path / "a" / "1.png")
    save(tmp_path / "b" / "1.png")
    (tmp_path / "a" / "2.heic").write_bytes(b"?")
    assert Pairs(str(tmp_path)).remarks() == ["1 of 3 files was left alone: 1 .heic"]
    save(tmp_path / "b" / "2.png")
    with pytest.raises(DataError, match=r"1 picture has no partner in .*, such as 2 \(1 \.heic left alone\)"):
        len(Pairs(str(tmp_path)))


# Folders that are no classes


@pytest.mark.parametrize(
    "names",
    [
        ("train", "test", "val"),
        ("Training", "Testing"),
        ("TRAIN", "VALID"),
        ("train2017", "val2017"),
        ("train_images", "test_images"),
        ("trainset", "testset"),
        ("seg_train", "seg_test", "seg_pred"),
        ("trainA", "trainB", "testA", "testB"),
        ("train", "test", "unlabeled"),
        ("train",),
        ("01-dev", "02-test"),
    ],
)
def test_parts_of_a_dataset_are_no_classes(tmp_path: Path, names: tuple[str, ...]) -> None:
    for name in names:
        save(tmp_path / name / "cats" / "a.png")
    with pytest.raises(
        DataError, match=r"are parts of a dataset, not classes: .*\. Use one of them, such as path="
    ) as told:
        len(Folder(str(tmp_path)))
    best = next((name for name in names if "train" in name.lower()), names[0])
    assert f"such as path={tmp_path / best};" in told.value.message
    assert Folder(str(tmp_path / best)).class_names == ("cats",)


@pytest.mark.parametrize(
    "names",
    [("bus", "car", "train"), ("cats", "dogs"), ("contest", "trains", "values"), ("test strip", "train station")],
)
def test_other_folders_are_classes(tmp_path: Path, names: tuple[str, ...]) -> None:
    for name in names:
        save(tmp_path / name / "a.png")
    dataset = Folder(str(tmp_path))
    assert len(dataset) == len(names) and dataset.class_names == names
    told = [remark for remark in dataset.remarks() if "counts as a class" in remark]
    assert len(told) == ("train" in names)


def test_folders_inside_classes_are_remarked(tmp_path: Path) -> None:
    for name in ("cats/small/a.png", "cats/large/b.png", "cats/c.png", "dogs/d.png"):
        save(tmp_path / name)
    assert Folder(str(tmp_path)).remarks() == [
        "1 of 2 classes has folders inside, whose pictures are merged: cats has large, small"
    ]
    (tmp_path / "outer").mkdir()
    for name in ("cats", "dogs"):
        (tmp_path / name).rename(tmp_path / "outer" / name)
    (remark,) = Folder(str(tmp_path)).remarks()
    assert remark.endswith(f"outer has cats, dogs; to make classes of them, set path={tmp_path / 'outer'}")


def test_pairs_in_parts_of_a_dataset_have_a_remedy(tmp_path: Path) -> None:
    for name in ("train/a/1.png", "train/b/1.png", "test/a/1.png", "test/b/1.png"):
        save(tmp_path / name)
    with pytest.raises(
        DataError, match=r"has no folder 'a'\. Set path to a folder inside that has both, such as .*test\."
    ):
        len(Pairs(str(tmp_path)))


def test_what_a_folder_lacks_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no folder '.*nowhere', neither from .* Set path"):
        len(Folder(str(tmp_path / "nowhere")))
    with pytest.raises(DataError, match=r"no images in .*\. Put some there \(.*\.bmp, "):
        len(Folder(str(tmp_path)))
    save(tmp_path / "cat" / "a.png")
    (tmp_path / "dog").mkdir()
    with pytest.raises(DataError, match=r"no images in .*dog\. Put some there .*, or remove it"):
        len(Folder(str(tmp_path)))
    save(tmp_path / "dog" / "a.png")
    save(tmp_path / "loose.png")
    with pytest.raises(DataError, match=r"loose\.png lies next to class folders\. Move it"):
        len(Folder(str(tmp_path)))


@pytest.mark.parametrize("background", ["whitish", "#ff000080", (256, 0, 0), (1, 2)])
def test_a_background_must_be_a_colour(background: str | tuple[int, int, int]) -> None:
    with pytest.raises(GanzooError, match="background should be a colour"):
        Folder("x", background=background)


# Size and content


def test_a_folder_too_large_for_memory_is_streamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, colour in {"a": RED, "b": BLUE}.items():
        save(tmp_path / name / "1.png", colour)
    monkeypatch.setattr(module, "IN_MEMORY", 2 * 3 * 8 * 8 - 1)
    dataset = Folder(str(tmp_path), size=8)
    assert dataset.tensors() is None and len(dataset) == 2
    assert colours(dataset[1]["x"]) == [BLUE] and dataset[1]["y"].item() == 1
    monkeypatch.setattr(module, "IN_MEMORY", 2 * 3 * 8 * 8)
    assert Folder(str(tmp_path), size=8).tensors() is not None


@pytest.mark.parametrize("in_memory", [0, 2**30], ids=["streamed", "in memory"])
def test_the_fingerprint_follows_the_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_memory: int) -> None:
    monkeypatch.setattr(module, "IN_MEMORY", in_memory)
    save(tmp_path / "a.png", RED)
    before = Folder(str(tmp_path)).fingerprint()
    assert Folder(str(tmp_path)).fingerprint() == before
    assert Folder(str(tmp_path), size=32).fingerprint() != before
    save(tmp_path / "a.png", (254, 0, 0))
    assert Folder(str(tmp_path)).fingerprint() != before


def test_the_fingerprint_follows_files_that_it_does_not_decode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IN_MEMORY", 0)
    for i in range(130):  # every third of them is decoded
        save(tmp_path / "a" / f"{i:03}.png")
    (tmp_path / "b").mkdir()
    (tmp_path / "a" / "129.png").rename(tmp_path / "b" / "129.png")
    kinds = [Folder(str(tmp_path)).fingerprint()]
    assert Folder(str(tmp_path)).fingerprint() == kinds[0]
    with (tmp_path / "a" / "001.png").open("ab") as file:
        file.write(b"more")
    kinds.append(Folder(str(tmp_path)).fingerprint())
    (tmp_path / "a" / "001.png").rename(tmp_path / "a" / "001b.png")
    kinds.append(Folder(str(tmp_path)).fingerprint())
    save(tmp_path / "b" / "130.png")
    kinds.append(Folder(str(tmp_path)).fingerprint())
    assert len(set(kinds)) == 4
    (tmp_path / "elsewhere").mkdir()
    for name in "ab":
        (tmp_path / name).rename(tmp_path / "elsewhere" / name)
    assert Folder(str(tmp_path / "elsewhere")).fingerprint() == kinds[3]


# What is said about them


@pytest.fixture
def many_kinds(tmp_path: Path) -> str:
    """Two grey images, and three in colour, one of them an animation."""
    save(tmp_path / "a.png", 7, "L")
    save(tmp_path / "b.png", 60000, "I;16")
    save(tmp_path / "c.png")
    save(tmp_path / "d.png", (1, 2, 3, 4), "RGBA")
    frames = [Image.new("RGB", (8, 8), colour) for colour in (GREEN, BLUE)]
    frames[0].save(tmp_path / "e.gif", save_all=True, append_images=frames[1:])
    return str(tmp_path)


def test_what_was_converted_is_remarked(many_kinds: str) -> None:
    for channels, converted in {3: "2 of 5 pictures are grey", 1: "3 of 5 pictures are in colour"}.items():
        dataset = Folder(many_kinds, channels=channels)  # type: ignore[arg-type]
        assert dataset.remarks() == []  # nothing is read for it
        dataset.tensors()
        assert [re.split(",| and were", remark)[0] for remark in dataset.remarks()] == [
            converted,
            "1 of 5 files holds several frames",
        ]


def test_what_may_not_be_looked_at_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tmp_path / "a.png")
    (tmp_path / "private").mkdir()
    scandir = os.scandir

    def denied(path: str) -> object:
        if str(path).endswith("private"):
            raise PermissionError(errno.EACCES, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", denied)
    says = f"cannot list {tmp_path / 'private'}: Permission denied. Change its permissions, or remove it."
    with pytest.raises(DataError, match=re.escape(says)):
        len(Folder(str(tmp_path)))


def test_what_was_skipped_is_remarked(tmp_path: Path) -> None:
    for i in range(3):
        save(tmp_path / f"{i}.png")
    (tmp_path / "4.png").write_bytes(b"")
    dataset = Folder(str(tmp_path), bad_images="skip")
    assert list(dataset.remarks()) == ["1 of 4 pictures cannot be read and was skipped"]


def test_of_a_streamed_folder_nothing_is_said_until_all_of_it_was_read(
    many_kinds: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(module, "IN_MEMORY", 0)
    dataset = Folder(many_kinds, cache=True)
    for i in range(4):
        assert dataset.remarks() == []
        dataset[i]
    dataset[4]
    assert len(dataset.remarks()) == 2


def test_a_stack_whose_second_page_is_damaged_still_gives_its_first(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (64, 64), colour) for colour in (GREEN, BLUE)]
    for name in ("a.gif", "a.tif"):
        path = tmp_path / name
        frames[0].save(path, save_all=True, append_images=frames[1:])
        path.write_bytes(path.read_bytes()[:-40])
        assert colours(only(Folder(str(tmp_path)))) == [GREEN]
        path.unlink()


def test_opening_a_folder_decodes_nothing_where_bad_images_are_errors(tmp_path: Path) -> None:
    save(tmp_path / "good.png", GREEN)
    (tmp_path / "bad.png").write_bytes(b"")
    dataset = Folder(str(tmp_path))
    assert len(dataset) == 2
    assert colours(dataset[1]["x"]) == [GREEN]
    with pytest.raises(DataError, match=r"bad\.png"):
        dataset[0]
    with pytest.raises(DataError, match=r"bad\.png"):
        dataset.tensors()
