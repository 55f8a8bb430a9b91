"""Reading of files that anybody may have put there: regular files of bounded size, and no link is followed."""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

LARGEST = 2**26  # bytes of a file of JSON or text in a run folder: the names of a million classes


@contextmanager
def open_file(path: Path) -> Iterator[IO[bytes]]:
    """Open a regular file for reading. Pipes and devices, which could block for ever, are not waited for.

    Args:
        path: The file.

    Yields:
        The open file, in binary mode.

    Raises:
        OSError: The path is a link, a folder, a pipe or a device, or cannot be opened.
    """
    check(path)
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    with open(descriptor, "rb") as file:  # noqa: PTH123 a descriptor: the file that is checked is the one read
        _check_mode(os.fstat(descriptor).st_mode)
        yield file


def read(path: Path, limit: int = LARGEST) -> bytes:
    """Return the content of a regular file.

    Args:
        path: The file.
        limit: Largest size in bytes.

    Returns:
        The content. It is a copy: a mapped file that shrinks would crash the process.

    Raises:
        OSError: As open_file(); or the file is larger than `limit`, with the number errno.EFBIG.
    """
    too_large = OSError(errno.EFBIG, f"It is larger than the limit of {limit:,} bytes")
    if check(path).st_size > limit:
        raise too_large
    with open_file(path) as file:
        size = os.fstat(file.fileno()).st_size  # it may have grown
        if size > limit:
            raise too_large
        return file.read(size)  # not up to a limit that a damaged manifest may have set: that memory is reserved


def read_json(path: Path, limit: int = LARGEST) -> Any:
    """Return the value of a regular file of JSON.

    Args:
        path: The file.
        limit: Largest size in bytes.

    Returns:
        The value.

    Raises:
        OSError: As read().
        ValueError: It is not JSON, or nested too deeply.
    """
    return parse_json(read(path, limit))


def parse_json(content: bytes) -> Any:
    """Return the value of JSON, and raise ValueError for what is not JSON or nested too deeply."""
    try:
        return json.loads(content)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def check(path: Path) -> os.stat_result:
    """Return the status of a regular file.

    Args:
        path: The file; a link counts as itself, not as what it points to.

    Returns:
        Its status.

    Raises:
        OSError: It is something else, which `strerror` names, or does not exist.
    """
    status = path.lstat()
    _check_mode(status.st_mode)
    return status


def check_missing(path: Path) -> None:
    """Raise OSError when the path exists and is no regular file: writing would go to where a link points."""
    if os.path.lexists(path):
        check(path)


def check_folder(path: Path) -> None:
    """Raise OSError when the path exists and is no folder, or a link to one: its files would lie somewhere else."""
    if os.path.lexists(path) and not stat.S_ISDIR(mode := path.lstat().st_mode):
        raise OSError(errno.EINVAL, f"It is {_kind(mode)}, not a folder")


def _check_mode(mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, f"It is {_kind(mode)}, not a file")


def _kind(mode: int) -> str:
    kinds = {stat.S_IFREG: "a file", stat.S_IFLNK: "a link", stat.S_IFDIR: "a folder"}
    return kinds.get(stat.S_IFMT(mode), "a pipe or a device")
