"""Claims: which process trains which trial, among any number of processes and machines that share a folder.

Where the file system has locks, a claim is a lock of the operating system, which is released when the process ends in
any way. Elsewhere it is a file that only one process can create, with the name of the process in it. Such files are
numbered and never removed: the claim with the highest number counts, and a claim of a process that no longer lives is
followed by the next number. So two processes that find the same dead claim cannot both take its place.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import Any

import psutil

from ganzoo.errors import RunError
from ganzoo.runs.status import HEARTBEAT, SILENCE
from ganzoo.terminal.progress import ticking
from ganzoo.utils import atomic, lock, regular

FOLDER = ".sweep"  # in the folder of runs
CLAIM, DONE, FAILED = "claim-", "done.json", "failed.json"
BORN = 2.0  # seconds by which two readings of the time at which a process began may differ


class NoClaims:
    """Stands for claims where a process works alone: it may train every trial, and records nothing for others."""

    def take(self, key: str) -> AbstractContextManager[bool]:
        """Yield True: nobody else has the trial."""
        return nullcontext(True)

    def finish(self, key: str, run: Path) -> None:
        """Record nothing."""

    def fail(self, key: str, message: str) -> None:
        """Record nothing."""

    def run_of(self, key: str) -> str:
        """Return "": no other process has finished a trial."""
        return ""

    def failure(self, key: str, since: float) -> str:
        """Return "": no trial has failed in another process."""
        return ""


class Claims(NoClaims):
    """Claims and outcomes of the trials whose runs are in one folder.

    Args:
        out: The folder of runs.
    """

    def __init__(self, out: Path):
        self.folder = out / FOLDER

    @contextmanager
    def take(self, key: str) -> Iterator[bool]:
        """Claim a trial inside the block.

        Args:
            key: Key of the trial.

        Yields:
            False when another process has claimed it.

        Raises:
            RunError: The folder cannot be written.
        """
        folder = self._folder(key)
        if lock.is_held(folder):
            yield False
            return
        with ExitStack() as stack:
            try:
                has_locks = stack.enter_context(lock.held(folder, "another worker"))
            except RunError:
                yield False
                return
            yield True if has_locks else stack.enter_context(_numbered(folder))

    def is_taken(self, key: str) -> bool:
        """Return True when a living process has claimed a trial, without claiming it."""
        folder = self.folder / key
        newest = _newest_claim(folder)
        return bool(lock.is_held(folder)) or (newest is not None and _is_alive(newest))

    def finish(self, key: str, run: Path) -> None:
        """Record the finished run of a trial."""
        folder = self._folder(key)
        atomic.write_json(folder / DONE, {"run": run.name})
        (folder / FAILED).unlink(missing_ok=True)

    def fail(self, key: str, message: str) -> None:
        """Record why a trial cannot be trained, so that the other processes of the sweep do not try it as well."""
        atomic.write_json(self._folder(key) / FAILED, {"error": message, "at": time.time()})

    def run_of(self, key: str) -> str:
        """Return the name of the run folder of a finished trial, "" when there is none."""
        return str(_read(self.folder / key / DONE).get("run") or "")

    def failure(self, key: str, since: float) -> str:
        """Return why a trial failed in another process, "" when it did not.

        Args:
            key: Key of the trial.
            since: Seconds since the epoch; earlier failures do not count, and their trials are tried again.

        Returns:
            The error.
        """
        record = _read(self.folder / key / FAILED)
        at = record.get("at")
        return str(record.get("error") or "") if isinstance(at, (int, float)) and at >= since else ""

    def _folder(self, key: str) -> Path:
        folder = self.folder / key
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError(f"{folder}: {error.strerror}. Give another folder with --out.") from error
        return folder


@contextmanager
def _numbered(folder: Path) -> Iterator[bool]:
    """Claim by a file that one process alone can create; yield False when another one has a claim."""
    newest = _newest_claim(folder)
    if newest and _is_alive(newest):
        yield False
        return
    number = int(newest.stem.removeprefix(CLAIM)) + 1 if newest else 1
    path = folder / f"{CLAIM}{number:06}.json"
    try:
        with path.open("x") as file:
            json.dump(_identity(), file)
    except FileExistsError:
        yield False
        return
    try:
        with ticking(HEARTBEAT, partial(_touch, path)):
            yield True
    finally:
        with suppress(OSError):
            atomic.write_json(path, {**_identity(), "released": True})


def _newest_claim(folder: Path) -> Path | None:
    """Return the claim that counts, the one with the highest number."""
    return max(folder.glob(f"{CLAIM}*.json"), default=None)


def _touch(path: Path) -> None:
    with suppress(OSError):
        os.utime(path)


def _identity() -> dict[str, Any]:
    """Return this process: its host, number, and the time at which it began, since numbers are used again."""
    return {"host": socket.gethostname(), "pid": os.getpid(), "born": psutil.Process().create_time()}


def _is_alive(claim: Path) -> bool:
    """Return True when the process of a claim lives, as far as can be seen from here."""
    content = _read(claim)
    if content.get("released"):
        return False
    if content.get("host") == socket.gethostname():
        try:
            return bool(abs(psutil.Process(content["pid"]).create_time() - content["born"]) < BORN)
        except (psutil.Error, KeyError, TypeError, ValueError):
            return False
    try:  # on another machine, or not written yet
        return time.time() - claim.stat().st_mtime < SILENCE
    except OSError:
        return False


def _read(path: Path) -> dict[str, Any]:
    try:
        content = regular.read_json(path)
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
