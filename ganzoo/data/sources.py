"""Files of datasets: where they are stored, and how they are verified, fetched and unpacked."""

from __future__ import annotations

import gzip
import hashlib
import http.client
import lzma
import os
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganzoo.data.archive import safe_extract
from ganzoo.data.download import Progress, download
from ganzoo.errors import DataError, SetupError

UNPACKERS: dict[str, Any] = {".gz": gzip.open, ".xz": lzma.open}  # for files that may be stored compressed or not


def data_root() -> Path:
    """Return the folder of data files: GANZOO_DATA, or a folder in the user's cache.

    Returns:
        The folder, which need not exist.

    Raises:
        SetupError: Neither is set, and the user has no home folder.
    """
    return _folder_in("GANZOO_DATA") or cache_root() / "data"


def cache_root() -> Path:
    """Return the folder for data that can be fetched or computed again: GANZOO_CACHE, or the user's cache folder.

    Returns:
        The folder, which need not exist.

    Raises:
        SetupError: GANZOO_CACHE is not set, and the user has no home folder.
    """
    if folder := _folder_in("GANZOO_CACHE"):
        return folder
    folder = _folder_in("XDG_CACHE_HOME")  # a relative one is invalid, says the XDG Base Directory Specification
    return (folder if folder and folder.is_absolute() else with_home("~/.cache")) / "ganzoo"


def _folder_in(variable: str) -> Path | None:
    """Return the folder that an environment variable names; None when it is unset, empty or blank."""
    name = os.environ.get(variable, "")
    return with_home(name) if name.strip() else None


def with_home(path: str) -> Path:
    """Return a path in which "~" at the beginning is the user's home folder. An empty or relative HOME is none.

    Args:
        path: The path.

    Returns:
        The path.

    Raises:
        SetupError: There is no home folder, as in a container whose user has no name.
    """
    if not path.startswith("~"):
        return Path(path)  # as it is: "./~" would become "~"
    try:
        home = os.environ.get("HOME")
        if os.name == "posix" and home is not None and not Path(home).is_absolute() and path.split("/")[0] == "~":
            path = _recorded_home() + path[1:]
        return Path(path).expanduser()
    except (RuntimeError, KeyError) as error:
        raise SetupError(
            f"there is no home folder, which {path} begins with. Set HOME; or set GANZOO_CACHE to a folder for data "
            "and caches."
        ) from error


def _recorded_home() -> str:
    """Return the home folder that the system has recorded for the user; a KeyError when it knows no such user."""
    import pwd  # of POSIX alone

    return pwd.getpwuid(os.getuid()).pw_dir


def find_data(*paths: str) -> Path | None:
    """Return the first of these files or folders that exists, or None.

    Args:
        *paths: Paths relative to `data_root()`, or absolute ones. One that ends in .gz or .xz also stands for the
            decompressed file next to it.

    Returns:
        The path that exists, or None.
    """
    for path in paths:
        for candidate in (path, *(path.removesuffix(end) for end in UNPACKERS if path.endswith(end))):
            if (data_root() / candidate).exists():
                return data_root() / candidate
    return None


@dataclass(frozen=True)
class Source:
    """One file below `data_root()`, and the addresses to fetch it from.

    Attributes:
        path: Path of the file, relative to `data_root()`.
        urls: Mirrors in order of preference. Plain http is accepted only for a file with a digest.
        md5: MD5 of the file as published.
        sha256: SHA-256 of the file as published.
        content_md5: MD5 of the contents of a .gz or .xz file, which does not depend on the compression.
        unpack: Members to unpack when the file is an archive: (name in the archive, path below `data_root()`).
        instead: Alternative paths, relative to `data_root()` or absolute.
    """

    path: str
    urls: tuple[str, ...] = ()
    md5: str = ""
    content_md5: str = ""
    unpack: tuple[tuple[str, str], ...] = ()
    instead: tuple[str, ...] = ()
    sha256: str = ""

    def missing(self) -> list[str]:
        """Return the paths below `data_root()` of the files that are needed and missing."""
        if self.unpack:
            return [path for _, path in self.unpack if find_data(path) is None]
        return [] if find_data(self.path, *self.instead) else [self.path]


@dataclass(frozen=True)
class SourceState:
    """Result of the verification of a source.

    Attributes:
        state: "verified" (the digest matches), "present" (there is no digest to compare), "missing" or "corrupt".
        path: Path of the file.
        note: Further details, or an empty string.
    """

    state: str
    path: str
    note: str = ""

    @property
    def good(self) -> bool:
        """True when the file can be used."""
        return self.state in ("verified", "present")


def verify(source: Source) -> SourceState:
    """Compare the file of a source with its digest, and check that its members are unpacked."""
    file = find_data(source.path, *source.instead)
    state, note = _compare(file, source) if file else ("missing", "")
    if state == "corrupt":
        return SourceState(state, str(file), note)
    if missing := source.missing():
        note = f"{source.path} is there but not unpacked" if file else ""
        return SourceState("missing", str(data_root() / missing[0]), note)
    if file:
        return SourceState(state, str(file))
    return SourceState("present", str(find_data(*(path for _, path in source.unpack))))


def _compare(file: Path, source: Source) -> tuple[str, str]:
    """Return the state and note of an existing file, by the digests that are known."""
    as_published = file.name == Path(source.path).name and bool(source.md5 or source.sha256)
    difference = _difference(file, source) if as_published else ""
    if as_published and not difference:
        return "verified", ""
    if source.content_md5:
        actual, expected = _content_md5(file), source.content_md5
        return ("verified", "") if actual == expected else ("corrupt", f"its content has MD5 {actual}, not {expected}")
    return ("corrupt", f"it has {difference}") if as_published else ("present", "")


def _difference(file: Path, source: Source) -> str:
    """Return a digest of a file and the published one that it differs from, or "" if all that are known agree."""
    for name, expected in (("MD5", source.md5), ("SHA-256", source.sha256)):
        if expected and (actual := md5(file) if name == "MD5" else sha256(file)) != expected:
            return f"{name} {actual}, expected {expected}"
    return ""


def obtain(source: Source, progress: Progress | None = None) -> SourceState:
    """Fetch and unpack a source if it is missing or corrupt.

    Args:
        source: The source.
        progress: Callback for each block received.

    Returns:
        The state afterwards.

    Raises:
        DataError: No mirror has the file, or the archive is damaged.
        SetupError: The files cannot be written.
    """
    if not (state := verify(source)).good:
        file = fetch(source, progress)
        if source.unpack:
            safe_extract(file, data_root(), dict(source.unpack))
        state = verify(source)
    return state


def fetch(source: Source, progress: Progress | None = None) -> Path:
    """Download the file of a source, unless an undamaged one exists.

    The mirrors are tried in turn. Bytes are written to a `.partial` file, which is renamed once its digest matches. If
    there is a digest, that file stays when a download breaks off, and the next mirror or the next call sends the rest.

    Args:
        source: The source.
        progress: Callback for each block received.

    Returns:
        The file.

    Raises:
        DataError: All mirrors failed; the message has the reason for each.
        SetupError: The disk is too small, or the folder cannot be written to.
    """
    file = data_root() / source.path
    if file.exists() and not _difference(file, source):
        return file
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SetupError(f"cannot create the data folder: {error}. Set GANZOO_DATA to another folder.") from error
    partial = file.with_name(file.name + ".partial")
    reasons = []
    for url in source.urls:
        try:
            if url.startswith("http://") and not (source.md5 or source.sha256):
                raise ValueError("plain http is not accepted for a file without a digest")
            if not (source.md5 or source.sha256):
                partial.unlink(missing_ok=True)
            download(url, partial, progress or (lambda done, total: None))
            if difference := _difference(partial, source):
                partial.unlink()
                raise ValueError(f"the download has {difference}")
            return partial.replace(file)
        except (OSError, http.client.HTTPException, ValueError) as error:
            reasons.append(f"  {url}: {str(error) or type(error).__name__}")
        finally:
            if not (source.md5 or source.sha256) or (partial.is_file() and not partial.stat().st_size):
                partial.unlink(missing_ok=True)
    listed = "\n".join(reasons) or "  no address is known for it"
    raise DataError(f"{source.path} could not be fetched:\n{listed}\nFetch it some other way and put it at {file}.")


def md5(file: Path) -> str:
    """Return the MD5 of a file, in hexadecimal."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, _new_md5).hexdigest()


def sha256(file: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _content_md5(file: Path) -> str:
    """Return the MD5 of the decompressed contents of a file."""
    try:
        with UNPACKERS.get(file.suffix, open)(file, "rb") as opened:
            return hashlib.file_digest(opened, _new_md5).hexdigest()
    except (EOFError, gzip.BadGzipFile, lzma.LZMAError, zlib.error) as error:
        return f"unknown ({error})"


def _new_md5() -> Any:
    return hashlib.md5(usedforsecurity=False)
