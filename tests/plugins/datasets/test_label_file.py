"""Labels of the dataset `folder` in a file next to the pictures, and pictures in a zip file."""

from __future__ import annotations

import csv
import json
import pickle
import stat
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from ganzoo.errors import DataError
from ganzoo_builtins.datasets.folder import Folder
from helpers.order import check_order, streamed

__all__ = ["streamed"]

STYLEGAN = {"labels": [["00000/b.png", 1], ["00000/a.png", 2], ["00001/c.png", 0]]}


def write(folder: Path, names: list[str]) -> Path:
    """Write pictures of shades 0, 1, 2, ..."""
    for i, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 4), (i, 0, 0)).save(folder / name)
    return folder


def packed(folder: Path, inside: str = "") -> Path:
    """Pack a folder as people do: all files below one folder, or none."""
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*"), reverse=True):
            if file.is_file():
                archive.write(file, f"{inside}{file.relative_to(folder)}")
    return path


def labels_of(dataset: Folder) -> list[tuple[str, str]]:
    """Return (name, class) of each example, from the labels of the batches."""
    return [(dataset.example_name(i), dataset.class_names[dataset[i]["y"]]) for i in range(len(dataset))]


@pytest.mark.parametrize("zipped", [False, True])
def test_labels_of_stylegan(zipped: bool, tmp_path: Path) -> None:
    folder = write(tmp_path / "data", ["00000/a.png", "00000/b.png", "00001/c.png"])
    (folder / "dataset.json").write_text(json.dumps(STYLEGAN))
    dataset = Folder(str(packed(folder) if zipped else folder), size=4)
    assert (len(dataset), dataset.class_names) == (3, ("0", "1", "2"))
    assert labels_of(dataset) == [("00000/a.png", "2"), ("00000/b.png", "1"), ("00001/c.png", "0")]
    assert [dataset[i]["x"][0, 0, 0].item() for i in range(3)] == [0, 1, 2]
    assert dataset.remarks() == []
    assert Folder(str(folder), labels="folders").class_names == ("00000", "00001")
    assert Folder(str(folder), labels="none").spec.classes == 0


def test_stylegan_without_labels_has_no_classes(tmp_path: Path) -> None:
    folder = write(tmp_path, ["00000/a.png", "00001/b.png"])
    (folder / "dataset.json").write_text('{"labels": null}')
    dataset = Folder(str(folder), size=4)
    assert dataset.spec.classes == 0 and set(dataset[1]) == {"x"} and len(dataset) == 2


TABLES = {
    "metadata.jsonl": '{"file_name": "a.png", "label": "dog"}\n\n{"file_name": "in/b.png", "label": "cat"}\n',
    "metadata.csv": "text,file_name,label\nhello,a.png,dog\n,in/b.png,cat\n",
    "labels.csv": "a,dog\nin/b,cat\n",
}


@pytest.mark.parametrize("name", TABLES)
def test_tables_of_names_and_labels(name: str, tmp_path: Path) -> None:
    folder = write(tmp_path, ["a.png", "in/b.png"])
    (folder / name).write_text(TABLES[name], encoding="utf-8-sig")
    dataset = Folder(str(folder), size=4)
    assert dataset.class_names == ("cat", "dog")
    assert labels_of(dataset) == [("a.png", "dog"), ("in/b.png", "cat")]


def test_numbers_of_hugging_face_are_classes(tmp_path: Path) -> None:
    folder = write(tmp_path, ["0.png", "1.png", "2.png"])
    with (folder / "metadata.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["file_name", "label"])
        writer.writeheader()
        writer.writerows({"file_name": f"{i}.png", "label": 2 - i} for i in range(3))
    assert labels_of(Folder(str(folder), size=4)) == [("0.png", "2"), ("1.png", "1"), ("2.png", "0")]


def test_a_table_of_captions_gives_no_labels(tmp_path: Path) -> None:
    folder = write(tmp_path, ["a.png"])
    (folder / "metadata.jsonl").write_text('{"file_name": "a.png", "text": "a red square"}')
    assert Folder(str(folder)).spec.classes == 0


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("dataset.json", '{"labels": [["a.png", [0.5, 1]]]}', r"a label is \[0\.5, 1\], expected a whole number"),
        ("dataset.json", '["a.png"]', r"expected \{\"labels\": "),
        ("dataset.json", '{"labels": [["b.png", 1]]}', r"has no label for 1 of 1 pictures, such as a\.png"),
        (
            "dataset.json",
            '{"labels": [["a.png", 0], ["b.png", 1]]}',
            "labels of 1 pictures that are not there",
        ),
        ("dataset.json", '{"labels": [["a.png", -1]]}', r"labels lie in -1\.\.-1, expected numbers from 0"),
        ("dataset.json", '{"labels": [["a.png", 99999]]}', "go up to 99,999 but only 1 differ"),
        ("dataset.json", "[" * 100_000, "cannot be read"),
        ("metadata.jsonl", "no JSON", "cannot be read"),
        ("metadata.jsonl", '{"label": 1}', "none of its columns names the pictures: label"),
        ("labels.csv", "a.png,1\nb.png\n", "expected a path and a label in place of 'b.png'"),
    ],
)
def test_a_file_of_other_labels_is_refused_with_the_remedy(name: str, text: str, says: str, tmp_path: Path) -> None:
    folder = write(tmp_path, ["a.png"])
    (folder / name).write_text(text)
    with pytest.raises(DataError, match=says):
        len(Folder(str(folder)))


def test_two_files_of_labels_are_refused(tmp_path: Path) -> None:
    folder = write(tmp_path, ["a.png"])
    for name in ("dataset.json", "labels.csv"):
        (folder / name).write_text("")
    with pytest.raises(DataError, match=r"several files of labels: dataset\.json, labels\.csv"):
        len(Folder(str(folder)))


def test_another_label_is_another_fingerprint(tmp_path: Path, streamed: None) -> None:
    folder = write(tmp_path, ["a.png", "b.png"])
    prints = set()
    for labels in ("0,1", "1,0"):
        first, second = labels.split(",")
        (folder / "labels.csv").write_text(f"a.png,{first}\nb.png,{second}\n")
        prints.add(Folder(str(folder)).fingerprint())
    assert len(prints) == 2


# Zip files


def test_a_zip_file_has_the_classes_pixels_and_order_of_its_folder(tmp_path: Path, streamed: None) -> None:
    folder = write(tmp_path / "pets", [f"{('cat', 'dog')[i % 2]}/{i:02}.png" for i in range(14)])
    (folder / "cat" / "notes.txt").write_text("?")
    plain, zipped = Folder(str(folder), size=4), Folder(str(packed(folder, "pets/")), size=4)
    assert zipped.class_names == plain.class_names == ("cat", "dog")
    assert labels_of(zipped) == labels_of(plain)
    assert [*zipped.remarks()] == [
        "1 of 15 files was left alone: 1 .txt (notes.txt)"
    ] or zipped.remarks() == plain.remarks()
    shades = [*range(0, 14, 2), *range(1, 14, 2)]
    check_order(zipped, lambda x: shades.index(round((x[0, 0, 0].item() + 1) * 127.5)))
    assert pickle.loads(pickle.dumps(zipped))[5]["x"][0, 0, 0] == 10


def test_what_is_no_picture_in_a_zip_file_is_left_alone_and_counted(tmp_path: Path) -> None:
    folder = write(tmp_path / "data", ["a.png"])
    path = packed(folder)
    link = zipfile.ZipInfo("link.png")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(link, "/etc/passwd")
        deep = "a/" * 5000 + "a.png"
        for name in ("__MACOSX/a.png", ".hidden.png", "../out.png", "/absolute.png", "notes.txt", deep):
            archive.writestr(name, b"?")
    dataset = Folder(str(path), size=4)
    assert [dataset.example_name(i) for i in range(len(dataset))] == ["a.png"]
    (remark,) = dataset.remarks()
    assert remark.startswith("7 of 8 files were left alone: 4 not a regular file")


def test_a_bomb_and_a_damaged_member_of_a_zip_file_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("a.png", "w", force_zip64=True) as file,
    ):
        for _ in range(2**9):
            file.write(bytes(2**20))
    assert path.stat().st_size < 2**20
    with pytest.raises(DataError, match=r"a\.zip/a\.png holds more than 268,435,456 bytes"):
        Folder(str(path))[0]
    data = bytearray(packed(write(tmp_path / "b", ["b.png"])).read_bytes())
    data[60] ^= 255
    (tmp_path / "b.zip").write_bytes(data)
    with pytest.raises(DataError, match=r"b\.png cannot be read"):
        Folder(str(tmp_path / "b.zip"))[0]


def test_the_fingerprint_of_a_zip_file_follows_its_checksums(tmp_path: Path, streamed: None) -> None:
    folder = write(tmp_path / "data", [f"{i:03}.png" for i in range(70)])
    before = Folder(str(packed(folder))).fingerprint()
    Image.new("RGB", (4, 4), (200, 0, 0)).save(folder / "001.png")  # not among the 64 that are read for it
    assert Folder(str(packed(folder))).fingerprint() != before
