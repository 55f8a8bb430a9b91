"""Safe unpacking of zip and tar archives.

Nothing is written outside the target folder, and nothing at all when an entry is hostile.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
import shutil
import stat
import struct
import tarfile
import tempfile
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from ganzoo.errors import DataError, SetupError

DAMAGE = (
    *(zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError),
    *(NotImplementedError, RuntimeError),  # zipfile: unknown compression method, password needed
    *(ValueError, LookupError, ArithmeticError, struct.error, lzma.LZMAError),  # both modules: invalid numbers
)

PACKED: dict[bytes, Any] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\0": lzma.open}
BLOCK = 2**20  # bytes


@dataclass(frozen=True)
class Limits:
    """Limits on the contents of an archive.

    Attributes:
        entries: Maximum number of entries.
        size: Maximum number of bytes after unpacking.
        ratio: Maximum number of unpacked bytes per byte of the archive.
    """

    entries: int = 1_000_000
    size: int = 64 * 2**30
    ratio: int = 200


@dataclass(frozen=True)
class Entry:
    """One entry, as the archive declares it.

    Attributes:
        name: Path in the archive.
        kind: "file", "folder", "link" or "device".
        size: Bytes after unpacking.
        open: Opens the entry for reading.
    """

    name: str
    kind: str
    size: int
    open: Callable[[], IO[bytes] | None]


def safe_extract(
    archive: Path, folder: Path, members: Mapping[str, str] | None = None, limits: Limits | None = None
) -> list[Path]:
    """Unpack a zip or tar archive.

    All entries are checked, including those that are not unpacked. Files are unpacked to a temporary folder first, and
    moved into place at the end. After an error the folder is as it was before.

    Args:
        archive: The archive.
        folder: The folder to unpack to.
        members: Members to unpack: {name in the archive: path below `folder`}. By default all files, under their own
            names.
        limits: Limits on the contents.

    Returns:
        The files written.

    Raises:
        DataError: The archive is damaged, lacks a member or exceeds the limits; or it holds an absolute path, a path
            with "..", a link, a device or the same name twice; or something is in the way of a file.
        SetupError: A file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".unpacking-", dir=folder) as temporary:
        targets = _unpack(archive, Path(temporary), members, limits or Limits())
        written = []
        for target in targets.values():
            if blocked := _blocked(folder, target):
                raise DataError(f"{archive} was not unpacked: {blocked} is in the way of {target}. Move it elsewhere.")
        for name, target in targets.items():
            path = folder / target
            path.parent.mkdir(parents=True, exist_ok=True)
            written.append((Path(temporary) / name).replace(path))
    return written


def _blocked(folder: Path, target: str) -> Path | None:
    """Return what is in the way of a file: a folder of its name, or a file in the place of a parent folder."""
    path = folder / target
    if path.is_dir():
        return path
    parents = [folder / parent for parent in PurePosixPath(target).parents]
    return next((parent for parent in parents if parent.exists() and not parent.is_dir()), None)


def _unpack(archive: Path, folder: Path, members: Mapping[str, str] | None, limits: Limits) -> dict[str, str]:
    """Unpack the members to a temporary folder; return {name there: path below the final folder}."""
    targets: dict[str, str] = {}
    seen: set[str] = set()
    total = 0
    allowed = min(limits.size, limits.ratio * archive.stat().st_size)
    with _entries(archive) as entries:
        for entry in entries:
            total += entry.size
            _check(entry, seen, archive)
            if len(seen) > limits.entries:
                raise DataError(f"{archive} was not unpacked: it holds more than {limits.entries:,} entries.")
            if total > allowed:
                raise DataError(f"{archive} was not unpacked: it would grow beyond {allowed:,} bytes.")
            name = str(PurePosixPath(entry.name))
            source = entry.open() if entry.kind == "file" and (members is None or name in members) else None
            if source is None:
                continue
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with source, path.open("xb") as file:
                shutil.copyfileobj(source, file, BLOCK)
            targets[name] = members[name] if members else name
    if missing := set(members or ()) - set(targets):
        raise DataError(f"{archive} was not unpacked: it lacks {', '.join(sorted(missing))}.")
    return targets


def _check(entry: Entry, seen: set[str], archive: Path) -> None:
    """Reject a hostile entry, and one whose name was seen before.

    Names are compared as a case-insensitive file system does.
    """
    if reason := _hostile(entry):
        raise DataError(f"{archive} was not unpacked: {entry.name!r} {reason}.")
    name = unicodedata.normalize("NFC", str(PurePosixPath(entry.name))).casefold()
    if name in seen and entry.kind == "file":
        raise DataError(f"{archive} was not unpacked: it holds {entry.name!r} twice.")
    seen.add(name)


def _hostile(entry: Entry) -> str:
    """Return the reason to reject an entry, or an empty string."""
    path = PurePosixPath(entry.name)
    if path.is_absolute() or re.match(r"[A-Za-z]:", entry.name):
        return "is an absolute path"
    if ".." in path.parts or "\\" in entry.name or "\0" in entry.name:
        return "is no plain path"
    if entry.kind == "file" and not path.parts:
        return "has no name"
    return "" if entry.kind in ("file", "folder") else f"is a {entry.kind}"


@contextmanager
def _entries(archive: Path) -> Iterator[Iterator[Entry]]:
    """Yield the entries of an archive, which are read in one pass, and translate the errors of reading them."""
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as packed:
                yield (_zip_entry(packed, info) for info in packed.infolist())
        else:
            with _opened(archive) as file, tarfile.open(fileobj=_Bounded(file), mode="r:") as packed_tar:  # type: ignore[call-overload]
                yield (_tar_entry(packed_tar, info) for info in packed_tar)
    except DAMAGE as error:
        raise DataError(f"{archive} is damaged or no archive ({error}). Delete it and fetch it again.") from error
    except (FileExistsError, NotADirectoryError) as error:
        raise DataError(f"{archive} was not unpacked: it holds one name as a file and as a folder.") from error
    except OSError as error:
        raise SetupError(f"{archive} could not be unpacked: {error}.") from error


def _opened(archive: Path) -> IO[bytes]:
    """Open a tar file, which is decompressed as it is read."""
    with archive.open("rb") as file:
        start = file.read(6)
    for magic, opener in PACKED.items():
        if start.startswith(magic):
            decompressed: IO[bytes] = opener(archive, "rb")
            return decompressed
    return archive.open("rb")


class _Bounded:
    """A file that refuses to read more than BLOCK bytes at once: tarfile reads names of any declared length."""

    def __init__(self, file: IO[bytes]):
        self.file = file
        self.seek = file.seek
        self.tell = file.tell

    def read(self, n: int = -1) -> bytes:
        if not 0 <= n <= BLOCK:
            raise tarfile.ReadError("one of its headers is too long")
        return self.file.read(n)


def _zip_entry(packed: zipfile.ZipFile, info: zipfile.ZipInfo) -> Entry:
    mode = info.external_attr >> 16
    if stat.S_ISLNK(mode):
        kind = "link"
    elif stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        kind = "device"
    else:
        kind = "folder" if info.is_dir() else "file"
    return Entry(info.filename, kind, info.file_size, lambda: packed.open(info))


def _tar_entry(packed: tarfile.TarFile, info: tarfile.TarInfo) -> Entry:
    if info.issym() or info.islnk():
        kind = "link"
    elif info.isdir():
        kind = "folder"
    else:
        kind = "file" if info.isreg() else "device"
    return Entry(info.name, kind, info.size, lambda: packed.extractfile(info))
