"""Lock file of a run folder: one process at a time trains in it, and any process may read it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from ganzoo.errors import RunError
from ganzoo.utils import regular

NAME = ".lock"
TIMEOUT = 1.0  # seconds; `ganzoo runs` takes a lock for an instant to check that it is free


@contextmanager
def held(folder: Path, owner: str) -> Iterator[bool]:
    """Hold the lock of a run folder inside the block.

    The operating system releases the lock when the process ends in any way. On file systems without locks, nothing is
    locked.

    Args:
        folder: The run folder.
        owner: The process to name in the error if another one has the lock.

    Yields:
        False when the file system has no locks.

    Raises:
        RunError: Another process has the lock.
    """
    try:
        regular.check_missing(folder / NAME)  # filelock empties the file, and older versions follow a link
    except OSError as error:
        raise RunError(f"{folder / NAME}: {error.strerror}, and is left alone. Remove it.") from error
    lock = _file_lock(folder)
    try:
        lock.acquire(timeout=TIMEOUT)
    except Timeout:
        raise RunError(
            f"{folder}: another process is training in it ({owner}). Wait for it or stop it; `ganzoo runs` tells "
            "whether it has ended."
        ) from None
    except (OSError, NotImplementedError):
        yield False
        return
    try:
        yield True
    finally:
        with suppress(OSError):
            lock.release()


def is_held(folder: Path) -> bool | None:
    """Return True when a process on this machine trains in a run folder; None when the file system has no locks."""
    try:
        regular.check(folder / NAME)
    except OSError:
        return False  # who trains would hold a file
    lock = _file_lock(folder)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    except (OSError, NotImplementedError):
        return None
    with suppress(OSError):
        lock.release()
    return False


def _file_lock(folder: Path) -> FileLock:
    """Return the lock, without the substitute of newer versions of filelock: a file that a killed process leaves."""
    try:
        return FileLock(folder / NAME, fallback_to_soft=False)
    except TypeError:  # an older version
        return FileLock(folder / NAME)
