"""Files that a dataset needs from elsewhere: where they come from, how they are verified, fetched and unpacked."""

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

UNPACKERS: dict[str, Any] = {".gz": gzip.open, ".xz": lzma.open}  # of files that are read packed or not


def data_root() -> Path:
    """Return the folder of data files: GANZOO_DATA, or a folder in the user's cache."""
    if given := os.environ.get("GANZOO_DATA"):
        return Path(given).expanduser()
    return cache_root() / "data"


def cache_root() -> Path:
    """A per-user folder for what can be fetched or computed again: GANZOO_CACHE, else the system's place for such."""
    if given := os.environ.get("GANZOO_CACHE"):
        return Path(given).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "ganzoo"


def find_data(*paths: str) -> Path | None:
    """Return the first of these files or folders that exists, or None.

    Args:
        *paths: Paths relative to `data_root()`, or absolute ones. One that ends in .gz or .xz also stands for the
            unpacked file beside it.
    """
    for path in paths:
        for twin in (path, *(path.removesuffix(end) for end in UNPACKERS if path.endswith(end))):
            if (data_root() / twin).exists():
                return data_root() / twin
    return None


@dataclass(frozen=True)
class Source:
    """One file below data_root(), and where it can be fetched.

    path: where it is put, below data_root().
    urls: mirrors in order of preference. Plain http is accepted only for a file with a digest.
    md5: of the file as fetched; the digest that data sets are published with.
    content_md5: of what a .gz or .xz file holds, which stays the same however it was packed.
    unpack: (name in the archive, path below data_root()) of what is read, when the file is an archive.
    instead: paths that serve as well, below data_root() or absolute.
    """

    path: str
    urls: tuple[str, ...] = ()
    md5: str = ""
    content_md5: str = ""
    unpack: tuple[tuple[str, str], ...] = ()
    instead: tuple[str, ...] = ()

    def missing(self) -> list[str]:
        """Files that are read and not there, as paths below data_root()."""
        if self.unpack:
            return [path for _, path in self.unpack if find_data(path) is None]
        return [] if find_data(self.path, *self.instead) else [self.path]


@dataclass(frozen=True)
class SourceState:
    """What verify() found. state: verified (digest matches), present (no digest to compare), missing, corrupt."""

    state: str
    path: str
    note: str = ""

    @property
    def good(self) -> bool:
        return self.state in ("verified", "present")


def verify(source: Source) -> SourceState:
    """Compare a source's file with its digest, and look for what is unpacked from it."""
    file = find_data(source.path, *source.instead)
    state, note = _compare(file, source) if file else ("missing", "")
    if state == "corrupt":
        return SourceState(state, str(file), note)
    if lacking := source.missing():
        note = f"{source.path} is there but not unpacked" if file else ""
        return SourceState("missing", str(data_root() / lacking[0]), note)
    if file:
        return SourceState(state, str(file))
    return SourceState("present", str(find_data(*(path for _, path in source.unpack))))


def _compare(file: Path, source: Source) -> tuple[str, str]:
    """State and note of a file that is there, by whichever digest of it is known."""
    as_fetched = file.name == Path(source.path).name
    if source.md5 and as_fetched and (found := md5(file)) == source.md5:
        return "verified", ""
    if source.content_md5:
        found, expected = _content_md5(file), source.content_md5
        return ("verified", "") if found == expected else ("corrupt", f"its content has MD5 {found}, not {expected}")
    if source.md5 and as_fetched:
        return "corrupt", f"its MD5 is {found}, expected {source.md5}"
    return "present", ""


def obtain(source: Source, progress: Progress | None = None) -> SourceState:
    """Fetch and unpack what is missing or corrupt; what is there already costs no network."""
    if not (finding := verify(source)).good:
        file = fetch(source, progress)
        if source.unpack:
            safe_extract(file, data_root(), dict(source.unpack))
        finding = verify(source)
    return finding


def fetch(source: Source, progress: Progress | None = None) -> Path:
    """The file of a source, downloaded unless a good one lies there.

    Each mirror is tried in turn. Bytes go to a `.partial` file that takes its name once the digest matches.
    Errors: DataError naming every address tried and why it failed; SetupError when the disk is too small.
    """
    file = data_root() / source.path
    if file.exists() and (not source.md5 or md5(file) == source.md5):
        return file
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SetupError(f"no place for data: {error}. Set GANZOO_DATA to another folder.") from error
    partial = file.with_name(file.name + ".partial")
    reasons = []
    for url in source.urls:
        try:
            if url.startswith("http://") and not source.md5:
                raise ValueError("plain http is not accepted for a file without a digest")
            download(url, partial, progress or (lambda done, total: None))
            if source.md5 and (found := md5(partial)) != source.md5:
                raise ValueError(f"what came has MD5 {found}, expected {source.md5}")
            return partial.replace(file)
        except (OSError, http.client.HTTPException, ValueError) as error:
            reasons.append(f"  {url}: {str(error) or type(error).__name__}")
        finally:
            partial.unlink(missing_ok=True)
    told = "\n".join(reasons) or "  no address is known for it"
    raise DataError(f"{source.path} could not be fetched:\n{told}\nFetch it some other way and put it at {file}.")


def md5(file: Path) -> str:
    """Hex digest of a file's bytes."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, _new_md5).hexdigest()


def _content_md5(file: Path) -> str:
    try:
        with UNPACKERS.get(file.suffix, open)(file, "rb") as opened:
            return hashlib.file_digest(opened, _new_md5).hexdigest()
    except (EOFError, gzip.BadGzipFile, lzma.LZMAError, zlib.error) as error:
        return f"unknown ({error})"


def _new_md5() -> Any:
    return hashlib.md5(usedforsecurity=False)
