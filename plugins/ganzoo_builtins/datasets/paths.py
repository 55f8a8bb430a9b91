"""Search for the folder or file of a dataset; an error says what is there instead, and what to do."""

from __future__ import annotations

import contextlib
import difflib
import glob
import lzma
import re
import shlex
import tarfile
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from ganzoo import DataError, SetupError, data_root, pointer_remedy
from ganzoo_builtins.datasets.image_decoder import SUFFIXES

Kind = Literal["folder", "file", "pictures", "either"]
"""Kinds of what a path leads to: "pictures" are a folder or a zip file, "either" is a folder or any file."""

PATTERN = re.compile(r"[*?]|\[.+\]")
VARIABLE = re.compile(r"\$\w+|\$\{\w+\}|%\w+%")
ESCAPED = re.compile(r"[\a\b\t\n\v\f\r\x1b]")  # what "\a", "\t", ... in double quotes become
REMEDY = "Set path to where it is."
TO_NPZ = 'numpy.savez("arrays.npz", images=...), and set use = "npz" and path to that file.'
ARRAYS = (
    *(".mat", ".arrow", ".feather", ".tfrecord", ".pt", ".pth", ".pkl", ".pickle"),
    *(".safetensors", ".lmdb", ".mdb", ".zarr", ".nc"),
)
VIDEOS = (".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg")
READERS = {".npz": "npz", ".npy": "npy", ".parquet": "parquet", ".h5": "hdf5", ".hdf5": "hdf5"}
"""Suffix of a file of data -> the dataset that reads it."""


def find_path(path: str, kind: Kind) -> Path:
    """Find a path that is relative to the current folder or to the data root.

    Names are compared in Unicode's composed form, too: macOS and some archives store letters and accents apart.

    Args:
        path: The path, which may begin with "~".
        kind: What it should lead to.

    Returns:
        The path that exists.

    Raises:
        DataError: Neither of them exists, or it is of another kind; the message says which.
    """
    places = [*_places(path)] if path else []
    for place in [*places, *filter(None, map(_in_another_form, places))]:
        with contextlib.suppress(OSError):  # the name is too long, or permission is missing
            if _is_of_kind(place, kind):
                return _fetched(place)
    for place in places:
        with contextlib.suppress(OSError):
            if place.is_symlink() and not place.exists():
                raise DataError(f"{path!r} is a link to {place.readlink()}, which is not there. {REMEDY}")
            if place.exists():
                raise DataError(f"{path!r} is {_described(place, kind)}")
    raise DataError(_nowhere(path, "file" if kind == "file" else "folder"))


def find_files(path: str, suffixes: tuple[str, ...]) -> list[Path]:
    """Find a file, or all files in a folder and its subfolders, that have one of these suffixes.

    Hidden files and folders, and links, are left alone.

    Args:
        path: The path, as for find_path().
        suffixes: The suffixes, with a dot.

    Returns:
        The files, in alphabetical order.

    Raises:
        DataError: There are none.
    """
    place = find_path(path, "either")
    if place.is_file():
        return [place]
    found = sorted(file for suffix in suffixes for file in place.rglob(f"*{suffix}") if _is_plain(file, place))
    if not found:
        raise DataError(f"no files {' or '.join(suffixes)} in {str(place)!r}. {REMEDY}")
    return found


def _is_plain(file: Path, root: Path) -> bool:
    hidden = any(part.startswith(".") for part in file.relative_to(root).parts)
    return not hidden and not file.is_symlink() and file.is_file()


def _is_of_kind(place: Path, kind: Kind) -> bool:
    if kind in ("file", "either"):
        return place.is_file() or (kind == "either" and place.is_dir())
    return place.is_dir() or (kind == "pictures" and zipfile.is_zipfile(place) and place.suffix.lower() != ".npz")


def _fetched(place: Path) -> Path:
    """Return a folder or file as it is, and raise DataError for a pointer of Git LFS."""
    if place.is_file() and (pointer := pointer_remedy(place)):
        raise DataError(f"cannot read {place}: {pointer}.")
    return place


def same_form(name: str) -> str:
    """Return a name in Unicode's composed form, in which letters with accents are compared."""
    return unicodedata.normalize("NFC", name)


def _places(path: str) -> Iterator[Path]:
    """Yield where a path may lead: from the current folder, and from the data root, if there is one."""
    relative = Path(path)
    if path.startswith("~"):  # "./~" is a folder of that name
        with contextlib.suppress(RuntimeError):  # "~user" is unknown, or there is no home
            relative = relative.expanduser()
    yield relative
    with contextlib.suppress(SetupError):
        yield data_root() / relative


def _in_another_form(place: Path) -> Path | None:
    """Return the path that exists and is equal to this one in Unicode's composed form, or None."""
    found = Path(place.anchor)
    try:
        for name in place.relative_to(found).parts:
            exact = found / name
            same = (child for child in found.iterdir() if same_form(child.name) == same_form(name))
            child = exact if exact.exists() else next(same, None)
            if child is None:
                return None
            found = child
    except (OSError, ValueError):  # it is no folder, cannot be listed, or has a NUL in it
        return None
    return found


def _described(place: Path, kind: Kind) -> str:
    """Return what a path of another kind is, and how to use it."""
    if kind == "file" and place.is_dir():
        return f'a folder, and a file is needed. {REMEDY} A folder of pictures is read by the dataset "folder".'
    if not place.is_file():
        return f"neither a file nor a folder. {REMEDY}"
    if pointer := pointer_remedy(place):
        return f"not a folder: {pointer}."
    suffix, quoted = place.suffix.lower(), shlex.quote(str(place))
    if suffix in ARRAYS:
        return f"a file of {suffix}, not a folder. Save its arrays by {TO_NPZ}"
    if suffix in VIDEOS:
        return f"a video, not a folder. Save pictures of it in a folder first: ffmpeg -i {quoted} frames/%06d.png"
    if reader := READERS.get(suffix):
        return f'a file, not a folder. {suffix} is read by the dataset "{reader}": set use = "{reader}".'
    if suffix in SUFFIXES:
        return f"a single picture, not a folder. Set path to the folder that holds it: {str(place.parent)!r}."
    if zipfile.is_zipfile(place):
        folder = str(place.with_suffix(""))
        return f"a zip file, not a folder. Unpack it: python -m zipfile -e {quoted} {shlex.quote(folder)}"
    if suffix in (".tar", ".tgz", ".gz", ".xz", ".bz2") and _is_tar(place):
        return f"an archive, not a folder. Unpack it into a folder: tar -xf {quoted}"
    if suffix in (".zip", ".rar", ".7z", ".tar", ".tgz", ".gz", ".xz", ".bz2"):
        return "an archive, not a folder. Unpack it, and set path to the folder that it held."
    if suffix in (".txt", ".csv"):
        return 'a text file, not a folder. Its lines are read by the dataset "text": set use = "text".'
    return f"a file, not a folder. {REMEDY}"


def _is_tar(path: Path) -> bool:
    """Tell whether a file is an archive of tar; a damaged one is none."""
    try:
        return tarfile.is_tarfile(path)
    except (EOFError, OSError, zlib.error, lzma.LZMAError):
        return False


def _nowhere(path: str, kind: Kind) -> str:
    """Return the message about a path that leads nowhere."""
    if not path:
        return f"path is empty. {REMEDY}"
    if "://" in path:
        return f"{path!r} is an address. Download the data first. {REMEDY}"
    if ESCAPED.search(path):
        return (
            f"no {kind} {path!r}: it has a tab, a line break or the like in it, as a backslash in double quotes makes "
            "them. Write / instead, or single quotes around it."
        )
    if match := PATTERN.search(path):
        folder = path[: match.start()].rpartition("/")[0] or "."
        such = folder if kind == "folder" else next(glob.iglob(path), "")  # noqa: PTH207  # patterns may be absolute
        shown = f", such as {such!r}" if such else ""
        return f"{path!r} is a pattern, not a {kind}. Set path to the {kind} itself{shown}."
    if match := VARIABLE.search(path):
        remedy = "Write what they stand for, or ~ for your home."
        return f"no {kind} {path!r}: variables such as {match[0]} are not replaced. {remedy}"
    from_root = ""
    with contextlib.suppress(SetupError):
        from_root = f" nor from {data_root()}"
    near = _similar(path, kind)
    return (
        f"no {kind} {path!r}, {'neither ' if from_root else ''}from {Path.cwd()}{from_root}.{near} {REMEDY} Where it "
        "has moved since a run began: `ganzoo resume RUN dataset.path=...`, and `evaluate` likewise."
    )


def _similar(path: str, kind: Kind) -> str:
    """Return " Did you mean ...?" when something beside the path has nearly its name, or its name in other letters."""
    for place in _places(path.rstrip()):
        with contextlib.suppress(OSError, ValueError):  # it is not there, cannot be listed, or has a NUL in it
            beside = place.parent
            names = {child.name: child for child in sorted(beside.iterdir()) if child.is_dir() == (kind == "folder")}
            same = next((name for name in names if name.casefold() == place.name.strip("\\ ").casefold()), "")
            close = [same] if same else difflib.get_close_matches(place.name, names, n=1, cutoff=0.75)
            if close:
                return f" Did you mean {str(Path(path).parent / close[0])!r}?"
    return ""
