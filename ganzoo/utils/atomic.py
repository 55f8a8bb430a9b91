"""Atomic writes of files and folders: readers see the old or the complete new one, even if the process is killed."""

from __future__ import annotations

import errno
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

UNSUPPORTED = (errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)  # from file systems that cannot sync
PARTIAL, TRASH = ".partial-", ".trash-"  # prefixes of names while a file or folder is written or removed


def write_file(path: Path, content: bytes) -> None:
    """Write or replace a file atomically: readers see the old file or the complete new one.

    The content goes to a temporary file in the same folder, is synced to disk and then renamed.

    Args:
        path: The file to write; its folder exists.
        content: The bytes of the whole file.

    Raises:
        OSError: The file cannot be written; an old one is unchanged.
    """
    partial = path.with_name(f"{PARTIAL}{secrets.token_hex(4)}-{path.name}")  # others may write this file as well
    try:
        write_synced(partial, content)
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def write_json(path: Path, content: Any) -> None:
    """Write or replace a JSON file atomically; see write_file()."""
    write_file(path, json.dumps(content, indent=1).encode())


def write_synced(path: Path, content: bytes) -> None:
    """Write a file and sync its content to disk. What has its name is removed first, so that no link is followed."""
    path.unlink(missing_ok=True)
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        _sync(file)


def sync_file(path: Path) -> None:
    """Sync the content of an existing file to disk; a missing one is left alone."""
    if path.is_file() and not path.is_symlink():
        with path.open("ab") as file:
            _sync(file)


def _sync(file: IO[bytes]) -> None:
    """Sync the content of an open file to disk, where the file system can."""
    try:
        os.fsync(file.fileno())
    except OSError as error:
        if error.errno not in UNSUPPORTED:
            raise


def sync_folder(folder: Path) -> None:
    """Sync the names in a folder to disk, where the file system can; the content of files is synced separately.

    Some cannot (CIFS, shared folders of virtual machines, FUSE), and say so by one of many errors. The files are
    complete then, too: only a power failure may undo their new names.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        with suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace_folder(new: Path, old: Path) -> None:
    """Rename folder `new` to `old` and remove a folder that had this name; the name is free for an instant only."""
    trash = old.with_name(TRASH + old.name)
    _remove(trash)
    if os.path.lexists(old):
        old.rename(trash)
    new.rename(old)
    _remove(trash)


@contextmanager
def write_folder(folder: Path) -> Iterator[Path]:
    """Write or replace a folder atomically: fill the folder that the block is given.

    It gets the name `folder` when the block ends, and is removed when the block raises.

    Args:
        folder: The folder to write.

    Yields:
        An empty temporary folder in the same parent folder.

    Raises:
        OSError: The folder cannot be written; an old one is unchanged.
    """
    partial = folder.with_name(PARTIAL + folder.name)
    folder.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    try:
        yield partial
        replace_folder(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def remove_folder(folder: Path) -> None:
    """Remove a folder, so that a half-removed one never has its name."""
    trash = folder.with_name(TRASH + folder.name)
    _remove(trash)
    folder.rename(trash)
    _remove(trash)


def remove_leftovers(folder: Path) -> None:
    """Remove the files and folders in a folder that a killed process has left half written or half removed."""
    for prefix in (PARTIAL, TRASH):
        for path in folder.glob(f"{prefix}*"):
            _remove(path)


def _remove(path: Path) -> None:
    """Remove a file, a folder or a link, if there is one; what a link leads to stays."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
