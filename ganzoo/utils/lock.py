"""One process at a time trains in a run folder; reading it needs no permission."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from ganzoo.errors import RunError

NAME = ".lock"
PATIENCE = 1.0  # seconds; `ganzoo runs` holds a lock for an instant to see whether it is free


@contextmanager
def held(folder: Path, owner: str) -> Iterator[None]:
    """The run folder is ours inside the block. The system lets go of it when the process ends, however it ends.

    owner: who is told to have it when it is taken. On file systems without locks, nothing is locked.
    Errors: RunError when another process has it.
    """
    lock = FileLock(folder / NAME)
    try:
        lock.acquire(timeout=PATIENCE)
    except Timeout:
        raise RunError(
            f"{folder}: another process is training in it ({owner}). Wait for it or stop it; `ganzoo runs` tells "
            "whether it has ended."
        ) from None
    except (OSError, NotImplementedError):
        yield
        return
    try:
        yield
    finally:
        lock.release()


def is_held(folder: Path) -> bool:
    """Whether a process on this machine trains in the folder."""
    lock = FileLock(folder / NAME)
    if not (folder / NAME).exists():
        return False
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    except (OSError, NotImplementedError):
        return False
    with suppress(OSError):
        lock.release()
    return False
