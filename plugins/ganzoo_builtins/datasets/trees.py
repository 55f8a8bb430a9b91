"""Trees of files: a folder, or a zip file that is read as it is. Names are relative to the root, with "/"."""

from __future__ import annotations

import os
import stat
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from ganzoo import DataError, is_own_output
from ganzoo_builtins.datasets.image_decoder import SUFFIXES
from ganzoo_builtins.datasets.left_alone import BROKEN, HIDDEN, NO_SUFFIX, OUTSIDE, SPECIAL, TO_FOLDER

HIDDEN_NAMES = ("@eaDir", "__MACOSX")  # created by NAS devices and by macOS; names that begin with a dot are hidden too
MARKED = (".png", ".gif")  # suffixes of pictures that ganzoo writes, which have a mark
ACCESS = "Change its permissions, or remove it."
LARGEST_MEMBER = 2**28  # bytes of a file in an archive, decompressed
DEEPEST = 100  # folders in one another in an archive


class Member(NamedTuple):
    """An entry of a folder.

    Attributes:
        name: Its path below the root.
        kind: None for a folder to search, "" for a picture, or the kind of a file that is left alone.
    """

    name: str
    kind: str | None


class Tree(ABC):
    """Files below a root.

    Args:
        place: The folder, or the file that holds them.
    """

    def __init__(self, place: Path):
        self.place = place
        self.outputs: dict[str, None] = {}  # outputs of ganzoo that were met

    @abstractmethod
    def members(self, folder: str) -> Iterator[Member]:
        """Yield the entries of a folder in alphabetical order, without outputs of ganzoo.

        Args:
            folder: Path of the folder below the root, "" for the root.

        Yields:
            The entries.

        Raises:
            DataError: The folder cannot be listed.
        """

    @abstractmethod
    def folders(self) -> list[str]:
        """Return the names of the folders in the root, in alphabetical order, without links and outputs."""

    @abstractmethod
    def has(self, name: str) -> bool:
        """Tell whether there is a regular file of this name in the root."""

    @abstractmethod
    def source(self, name: str) -> Path | bytes:
        """Return a file as its path or its content; DataError if it is damaged."""

    @abstractmethod
    def stamp(self, name: str) -> str:
        """Return the size of a file, and its checksum where that is known without reading it."""

    @abstractmethod
    def shown(self, name: str) -> str:
        """Return the name of a file or folder, for messages."""

    def read(self, name: str, most: int) -> bytes:
        """Return the content of a file of up to `most` bytes; DataError if it is larger, or cannot be read."""
        source = self.source(name)
        try:
            if (source.stat().st_size if isinstance(source, Path) else len(source)) <= most:
                return source.read_bytes() if isinstance(source, Path) else source
        except OSError as error:
            raise DataError(f"cannot read {self.shown(name)}: {error.strerror}. {ACCESS}") from error
        raise DataError(f"{self.shown(name)} is larger than {most:,} bytes. Make it smaller, or move it elsewhere.")


class FolderTree(Tree):
    """Files below a folder. Links to files outside of it are not followed."""

    def members(self, folder: str) -> Iterator[Member]:
        for entry in self._entries(folder):
            name = f"{folder}/{entry.name}" if folder else entry.name
            kind = self._kind(entry)
            marked = kind is None or entry.name[-4:].lower() in MARKED
            if marked and is_own_output(Path(entry.path)):
                self.outputs[name] = None
            else:
                yield Member(name, kind)

    def folders(self) -> list[str]:
        listed = [entry.name for entry in self._entries("") if self._kind(entry) is None]
        return [name for name in listed if not is_own_output(self.place / name)]

    def _entries(self, folder: str) -> list[os.DirEntry[str]]:
        path = os.path.join(self.place, folder)  # noqa: PTH118  # texts: objects for paths are several times slower
        try:
            with os.scandir(path) as entries:
                return sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            raise DataError(f"cannot list {path}: {error.strerror}. {ACCESS}") from error

    def _kind(self, entry: os.DirEntry[str]) -> str | None:
        try:
            return self._looked_at(entry)
        except OSError as error:
            raise DataError(f"cannot look at {entry.path}: {error.strerror}. {ACCESS}") from error

    def _looked_at(self, entry: os.DirEntry[str]) -> str | None:
        kind = _kind_of(entry.name)
        if kind == HIDDEN:
            return HIDDEN
        if entry.is_symlink():
            path = Path(entry.path)
            if not path.exists():
                return BROKEN
            if not path.resolve().is_relative_to(self._resolved):
                return OUTSIDE
            if path.is_dir():
                return TO_FOLDER
        elif entry.is_dir():
            return None
        return SPECIAL if kind == "" and not entry.is_file() else kind

    @cached_property
    def _resolved(self) -> Path:
        return self.place.resolve()

    def has(self, name: str) -> bool:
        path = self.place / name
        return path.is_file() and not path.is_symlink()

    def source(self, name: str) -> Path:
        return self.place / name

    def stamp(self, name: str) -> str:
        path = self.shown(name)
        try:
            return str(os.stat(path).st_size)  # noqa: PTH116  # as above
        except OSError as error:
            raise DataError(f"cannot look at {path}: {error.strerror}. {ACCESS}") from error

    def shown(self, name: str) -> str:
        return os.path.join(self.place, name) if name else str(self.place)  # noqa: PTH118  # as above


class ZipTree(Tree):
    """Files in a zip file, which is not unpacked. It can be used in forked and in spawned processes.

    A single folder that holds everything else is the root.
    """

    def __init__(self, place: Path):
        super().__init__(place)
        self._archive: zipfile.ZipFile | None = None
        self._owner = 0

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_archive": None}

    @cached_property
    def _infos(self) -> dict[str, zipfile.ZipInfo]:
        """The files by their path below the root."""
        infos = {info.filename: info for info in self._open().infolist() if not info.is_dir()}
        for _ in range(DEEPEST):
            if not (top := _only_folder(infos)):
                break
            infos = {name.removeprefix(top): info for name, info in infos.items()}
        return infos

    @cached_property
    def _folders(self) -> dict[str, dict[str, str | None]]:
        """The kinds of all entries, by folder and name."""
        folders: dict[str, dict[str, str | None]] = {"": {}}
        for name, info in self._infos.items():
            if not _is_regular(name, info):
                folders[""][name] = SPECIAL
                continue
            folder, _, last = name.rpartition("/")
            self._add(folders, folder, last, _kind_of(last))
        return folders

    def _add(self, folders: dict[str, dict[str, str | None]], folder: str, last: str, kind: str | None) -> None:
        """Add an entry, and the folders that it is in."""
        if folder not in folders:
            folders[folder] = {}
            parent, _, name = folder.rpartition("/")
            self._add(folders, parent, name, HIDDEN if _kind_of(name) == HIDDEN else None)
        if last in folders[folder]:
            raise DataError(f"{self.shown(f'{folder}/{last}'.lstrip('/'))} is there twice. Pack the zip file again.")
        folders[folder][last] = kind

    def members(self, folder: str) -> Iterator[Member]:
        for last, kind in sorted(self._folders.get(folder, {}).items()):
            yield Member(f"{folder}/{last}" if folder else last, kind)

    def folders(self) -> list[str]:
        return [name for name, kind in self.members("") if kind is None]

    def has(self, name: str) -> bool:
        return name in self._infos

    def source(self, name: str) -> bytes:
        try:
            with self._open().open(self._infos[name]) as file:
                data = file.read(LARGEST_MEMBER + 1)  # never decompresses all of a bomb
        except Exception as error:  # zipfile raises many types of errors for damaged files
            raise DataError(
                f"{self.shown(name)} cannot be read: {error}. Pack it again, without a password."
            ) from error
        if len(data) > LARGEST_MEMBER:
            raise DataError(f"{self.shown(name)} holds more than {LARGEST_MEMBER:,} bytes. Leave it out.")
        return data

    def stamp(self, name: str) -> str:
        info = self._infos[name]
        return f"{info.file_size}\0{info.CRC}"

    def shown(self, name: str) -> str:
        return f"{self.place}/{name}" if name else str(self.place)

    def _open(self) -> zipfile.ZipFile:
        """Return the zip file, opened once per process: a shared file handle would share its position."""
        if self._archive is None or self._owner != os.getpid():
            try:
                self._archive = zipfile.ZipFile(self.place)
            except Exception as error:
                raise DataError(f"{self.place} is a damaged zip file: {error}. Copy it again.") from error
            self._owner = os.getpid()
        return self._archive


def tree_of(place: Path) -> Tree:
    """Return the tree of a folder, or of a zip file."""
    return FolderTree(place) if place.is_dir() else ZipTree(place)


def suffix_of(name: str) -> str:
    """Return the suffix of a file name in small letters, such as ".png", as pathlib has it."""
    stem, dot, last = name.rpartition(".")
    return f".{last.lower()}" if dot and stem and last else ""


def _kind_of(last: str) -> str:
    """Return the kind of a file by its name alone."""
    if last.startswith(".") or last in HIDDEN_NAMES:
        return HIDDEN
    suffix = suffix_of(last)
    return "" if suffix in SUFFIXES else suffix or NO_SUFFIX


def _only_folder(names: Iterable[str]) -> str:
    """Return the folder that holds all files but hidden ones, with "/", or nothing."""
    tops = {top + slash for top, slash, _ in (name.partition("/") for name in names) if _kind_of(top) != HIDDEN}
    top = tops.pop() if len(tops) == 1 else ""
    return top if top.endswith("/") else ""


def _is_regular(name: str, info: zipfile.ZipInfo) -> bool:
    """Tell whether a file in an archive is no link and no device, and its name a plain relative path."""
    kind = stat.S_IFMT(info.external_attr >> 16)
    parts = name.split("/")
    return kind in (0, stat.S_IFREG) and "\\" not in name and len(parts) <= DEEPEST and not {"", ".", ".."} & {*parts}
