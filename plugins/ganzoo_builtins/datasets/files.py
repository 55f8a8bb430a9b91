"""Which files below a folder are pictures, in which order, and of which class. Nothing outside of it ever is."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from ganzoo import DataError, data_root
from ganzoo_builtins.datasets.image_decoder import SUFFIXES

HIDDEN = ("@eaDir", "__MACOSX")  # besides .names: what a NAS and a Mac leave behind

Example = tuple[Path, int]
"""An image file and its label."""


def list_examples(root: Path, class_names: Sequence[str]) -> list[Example]:
    """Every image file with its label. Errors: DataError when there are none, or none of a class."""
    classes = [root / name for name in class_names] or [root]
    if class_names and (loose := [path for path in _visible(root) if _is_image(path)]):
        raise DataError(f"{loose[0]} lies beside folders of classes. Move it into one of them.")
    found: list[Example] = []
    for label, folder in enumerate(classes):
        members = [(path, label) for path in image_files(folder, root)]
        if not members:
            remedy = f"Put some there ({', '.join(SUFFIXES)})" + (", or remove it." if class_names else ".")
            raise DataError(f"no images in {folder}. {remedy}")
        found += members
    return found


def image_files(folder: Path, root: Path) -> Iterator[Path]:
    """Image files in a folder and in the folders inside it, none of them outside the root."""
    for path in _visible(folder):
        if path.is_dir() and not path.is_symlink():
            yield from image_files(path, root)
        elif _is_image(path) and path.resolve().is_relative_to(root.resolve()):
            yield path


def subfolders(root: Path) -> list[Path]:
    """The folders directly below, hidden ones and links left out."""
    return [path for path in _visible(root) if path.is_dir() and not path.is_symlink()]


def find_path(path: str, what: Literal["folder", "file"]) -> Path:
    """A path of the user's: from the current folder, or else from the data root. Errors: DataError when absent."""
    with contextlib.suppress(OSError, RuntimeError):  # a name that is too long, somebody's home who is not here
        given = Path(path).expanduser()
        for place in (given, data_root() / given):
            if place.is_dir() if what == "folder" else place.is_file():
                return place
    raise DataError(f"no {what} {path!r}, neither from {Path.cwd()} nor from {data_root()}. Set path to where it is.")


def _visible(folder: Path) -> list[Path]:
    """What a folder holds, in alphabetical order, without hidden things."""
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith(".") and path.name not in HIDDEN)
    except OSError as error:
        raise DataError(f"cannot list {folder}: {error.strerror}. Change its permissions, or remove it.") from error


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and path.is_file()
