"""How a run folder is written: a file is the old one or a complete new one, whatever happens to the process."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PARTIAL, TRASH = ".partial-", ".trash-"


def write_file(path: Path, content: bytes) -> None:
    """Write or replace a file atomically: readers see the old file or the complete new one.

    The content goes to a temporary file in the same folder, is synced to disk and then renamed.

    Args:
        path: The file to write; its folder exists.
        content: The bytes of the whole file.

    Raises:
        OSError: The file cannot be written; an old one is unchanged.
    """
    partial = path.with_name(PARTIAL + path.name)
    try:
        write_synced(partial, content)
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def write_json(path: Path, content: Any) -> None:
    write_file(path, json.dumps(content, indent=1).encode())


def write_synced(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Names in a folder reach the disk apart from what the files hold."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def take_the_place(new: Path, old: Path) -> None:
    """Give a folder the name of another one, which goes if it is there; the name is free for an instant only."""
    trash = old.with_name(TRASH + old.name)
    shutil.rmtree(trash, ignore_errors=True)
    if old.exists():
        old.rename(trash)
    new.rename(old)
    shutil.rmtree(trash, ignore_errors=True)


@contextmanager
def made_beside(folder: Path) -> Iterator[Path]:
    """An empty folder to fill, which takes the place of `folder` when the block ends well, and is gone when it fails.

    Errors: OSError; what was there before is there still.
    """
    partial = folder.with_name(PARTIAL + folder.name)
    folder.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    try:
        yield partial
        take_the_place(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def discard(folder: Path) -> None:
    """Remove a folder so that at no moment half of it is seen under its name."""
    trash = folder.with_name(TRASH + folder.name)
    shutil.rmtree(trash, ignore_errors=True)
    folder.rename(trash)
    shutil.rmtree(trash, ignore_errors=True)


def sweep(folder: Path) -> None:
    """Clear away what a killed process left half written or half removed."""
    for name in (PARTIAL, TRASH):
        for left in folder.glob(f"{name}*"):
            shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink(missing_ok=True)
