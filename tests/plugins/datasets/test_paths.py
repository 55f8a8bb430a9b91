"""Paths of people's data: found in any Unicode form, and named as what they are where they are of another kind."""

from __future__ import annotations

import re
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from ganzoo.errors import DataError
from ganzoo_builtins.datasets.celeba import CelebA
from ganzoo_builtins.datasets.folder import Folder
from ganzoo_builtins.datasets.npz import Npz
from ganzoo_builtins.datasets.paths import find_path


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: one of pictures, and files of other kinds."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GANZOO_DATA", str(tmp_path / "root"))
    (tmp_path / "photos/cats").mkdir(parents=True)
    for name in (
        "photos/cats/0.PNG",
        "arrays.npz",
        "one.npy",
        "one.h5",
        "one.mat",
        "one.MP4",
        "poems.txt",
        "notes.odt",
        "old.rar",
    ):
        (tmp_path / name).write_bytes(b"anything")
    with zipfile.ZipFile(tmp_path / "my photos.zip", "w") as archive:
        archive.writestr("0.png", b"")
    with tarfile.open(tmp_path / "photos.tar.gz", "w:gz") as packed:
        packed.add(tmp_path / "poems.txt", "poems.txt")
    (tmp_path / "cut.tar.gz").write_bytes((tmp_path / "photos.tar.gz").read_bytes()[:2])
    (tmp_path / "gone").symlink_to("disk/photos")
    return tmp_path


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("my photos.zip", "is a zip file, not a folder. Unpack it: python -m zipfile -e 'my photos.zip' 'my photos'"),
        ("photos.tar.gz", "is an archive, not a folder. Unpack it into a folder: tar -xf photos.tar.gz"),
        ("cut.tar.gz", "is an archive, not a folder. Unpack it, and set path to the folder that it held."),
        ("old.rar", "is an archive, not a folder. Unpack it, and set path to the folder that it held."),
        ("photos/cats/0.PNG", "is a single picture, not a folder. Set path to the folder that holds it: 'photos/cats'"),
        ("arrays.npz", 'is a file, not a folder. .npz is read by the dataset "npz": set use = "npz".'),
        ("one.npy", 'is a file, not a folder. .npy is read by the dataset "npy": set use = "npy"'),
        ("one.h5", 'is a file, not a folder. .h5 is read by the dataset "hdf5": set use = "hdf5"'),
        ("one.mat", 'is a file of .mat, not a folder. Save its arrays by numpy.savez("arrays.npz", images=...)'),
        (
            "one.MP4",
            "is a video, not a folder. Save pictures of it in a folder first: ffmpeg -i one.MP4 frames/%06d.png",
        ),
        ("poems.txt", 'is a text file, not a folder. Its lines are read by the dataset "text"'),
        ("notes.odt", "is a file, not a folder. Set path to where it is."),
        ("photos/*/*.png", "is a pattern, not a folder. Set path to the folder itself, such as 'photos'."),
        ("photos/cats/[0-9].png", "is a pattern, not a folder. Set path to the folder itself, such as 'photos/cats'."),
        ("gone", "is a link to disk/photos, which is not there. Set path to where it is."),
        ("https://example.org/photos", "is an address. Download the data first."),
        ("C:\temp\new", "Write / instead, or single quotes around it."),
        ("Photos", "Did you mean 'photos'? Set path to where it is."),
        ("photos ", "Did you mean 'photos'?"),
        ("photos\\", "Did you mean 'photos'?"),
        ("photos/cat", "Did you mean 'photos/cats'?"),
        ("", "path is empty. Set path to where it is."),
        ("nowhere", "`ganzoo resume RUN dataset.path=...`, and `evaluate` likewise."),
    ],
)
def test_what_is_no_folder_is_named_as_what_it_is(path: str, message: str) -> None:
    with pytest.raises(DataError, match=re.escape(message)):
        find_path(path, "folder")


@pytest.mark.parametrize("name", ["$HOME", "${HOME}", "%USERPROFILE%"])
def test_variables_in_a_path_are_named(here: Path, name: str) -> None:
    with pytest.raises(DataError, match=re.escape(f"variables such as {name} are not replaced. Write what")):
        find_path(f"{name}/photos", "folder")
    (here / "$a").mkdir()
    assert find_path("$a", "folder") == Path("$a")


def test_a_folder_in_place_of_a_file_is_named(here: Path) -> None:
    with pytest.raises(DataError, match="'photos' is a folder, and a file is needed"):
        find_path("photos", "file")
    assert find_path("arrays.npz", "file") == Path("arrays.npz")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("*.npz", "is a pattern, not a file. Set path to the file itself, such as 'arrays.npz'."),
        ("*.h5", "is a pattern, not a file. Set path to the file itself, such as 'one.h5'."),
        ("array.npz", "Did you mean 'arrays.npz'?"),
    ],
)
def test_what_is_no_file_is_named_as_what_it_is(path: str, message: str) -> None:
    with pytest.raises(DataError, match=re.escape(message)):
        find_path(path, "file")


def test_names_are_found_in_another_unicode_form(here: Path) -> None:
    composed, decomposed = "caf\u00e9/stra\u00dfe \u30ac", "cafe\u0301/stra\u00dfe \u30ab\u3099"
    (here / decomposed).mkdir(parents=True)
    assert find_path(composed, "folder") == Path(decomposed)
    (here / "root" / composed / "b").mkdir(parents=True)
    assert find_path(decomposed + "/b", "folder") == here / "root" / composed / "b"
    assert find_path(str(here / composed), "folder") == here / decomposed
    with pytest.raises(DataError, match="no folder"):
        find_path("caf\u00e8", "folder")


def test_without_a_home_folder_paths_are_found_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GANZOO_DATA", "GANZOO_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.path.expanduser", lambda path: path)  # as for a user without a home
    monkeypatch.setattr(Path, "expanduser", _without_home)
    assert find_path("photos", "folder") == Path("photos")
    with pytest.raises(DataError, match=r"no folder 'nowhere', from /.*\. Set path to where it is\."):
        find_path("nowhere", "folder")


def _without_home(path: Path) -> Path:
    if str(path).startswith("~"):
        raise RuntimeError("Could not determine home directory.")
    return path


def test_a_pointer_of_git_lfs_is_named(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In place of an array, of a folder, of a picture, of a published file, and of a picture in a published folder."""
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:" + 64 * "0" + "\nsize 12345\n"
    remedy = "it is a pointer of Git LFS, not the file itself. Fetch it: `git lfs pull` in its repository."
    monkeypatch.setenv("GANZOO_DATA", str(here))
    (here / "celeba" / "img_align_celeba").mkdir(parents=True)
    (here / "scans").mkdir()
    published, face = here / "celeba" / "list_eval_partition.txt", here / "celeba" / "img_align_celeba" / "1.jpg"
    for file in (here / "small.npz", here / "pictures.zip", here / "scans" / "1.png", published, face):
        file.write_text(pointer)

    def read_faces() -> None:
        CelebA(split="all")[0]

    readers: dict[str, Callable[[], object]] = {
        "cannot read small.npz: ": lambda: len(Npz("small.npz")),
        "'pictures.zip' is not a folder: ": lambda: find_path("pictures.zip", "folder"),
        "cannot read scans/1.png: ": lambda: Folder("scans")[0],
        f"celeba: cannot read {published}: ": lambda: len(CelebA()),
        f"1.jpg in {face.parent}: ": read_faces,
    }
    for beginning, read in readers.items():
        with pytest.raises(DataError) as caught:
            read()
        assert caught.value.message == beginning + remedy


def test_a_zip_file_is_as_good_as_a_folder_where_pictures_are_wanted(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.png", b"")
    assert find_path(str(tmp_path / "a.zip"), "pictures") == tmp_path / "a.zip"
    with pytest.raises(DataError, match=r"a zip file, not a folder. Unpack it"):
        find_path(str(tmp_path / "a.zip"), "folder")
