"""The state of a run, read from its folder without importing torch."""

from __future__ import annotations

import os
import shlex
import socket
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil

from ganzoo.errors import RunError, one_line, printable
from ganzoo.runs import layout, retention
from ganzoo.utils import atomic, lock, regular

HEARTBEAT = 15.0  # seconds between two heartbeats
SILENCE = 300.0  # seconds without a heartbeat after which a run on another machine counts as dead
GOING = ("created", "running")  # states of a run that has not ended


def write(folder: Path, state: str, step: int, **more: Any) -> None:
    """Write status.json with a heartbeat of now, and the process and machine that the run belongs to.

    Args:
        folder: The run folder.
        state: created, running, interrupted, failed, diverged or finished.
        step: Steps trained so far.
        **more: Further entries, such as `error`, or `ended`: why a finished run has not trained all its steps.

    Raises:
        OSError: The file cannot be written.
    """
    now = datetime.now(UTC).isoformat(timespec="seconds")
    owner = {"pid": os.getpid(), "host": socket.gethostname()}
    atomic.write_json(folder / layout.STATUS, {"state": state, "step": step, "heartbeat": now, **owner, **more})


def time_in(seconds: float) -> str:
    """Return the ISO time so many seconds from now; "" for one that no calendar has."""
    try:
        return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat(timespec="seconds")
    except OverflowError:
        return ""


def find(folder: Path) -> Path:
    """Return the folder itself if it is a run folder, else the newest run in it.

    Args:
        folder: A run folder, or a folder of runs.

    Returns:
        A run folder.

    Raises:
        RunError: There is none, or its folders are links.
    """
    if (folder / layout.RESOLVED).is_file():
        check_folders(folder)
        return folder
    inside = sorted(folder.glob(f"*/{layout.RESOLVED}"), key=lambda path: path.stat().st_mtime)
    if not inside and "=" in str(folder) and not folder.exists():
        setting = one_line(str(folder))
        raise RunError(f"{setting} is a setting, and no run. Name the run before it: runs {setting}")
    if not inside:
        raise RunError(f"{folder}: not a run folder (it has no resolved.json). `ganzoo run` prints where it writes.")
    check_folders(inside[-1].parent)
    return inside[-1].parent


def check_folders(folder: Path) -> None:
    """Check that what is in a run folder is its own: through links, files elsewhere would be shown, or removed.

    Args:
        folder: The run folder.

    Raises:
        RunError: A folder in it is a link, or no folder.
    """
    for name in layout.FOLDERS:
        try:
            regular.check_folder(folder / name)
        except OSError as error:
            raise RunError(
                f"{folder / name}: {error.strerror}, and is not followed. Put the folder itself there."
            ) from error


def how_to_go_on(folder: Path) -> str:
    """Return what to do to go on with a run that has ended: a command, or to start again where nothing was saved."""
    if retention.complete(folder / layout.CHECKPOINTS):
        return f"resume it with: {resume_command(folder)}"
    return "start again by the same command: nothing was saved"


def resume_command(folder: Path) -> str:
    """Return the command that resumes a run, as a shell reads it."""
    return f"ganzoo resume {shlex.quote(str(folder))}"


@dataclass(frozen=True)
class Report:
    """One run as `ganzoo runs` shows it.

    Attributes:
        run: Name of the run folder.
        state: The state in status.json, or "dead" when it is marked as running but its process no longer exists.
        step: Steps trained so far.
        steps: Length of the training in steps; 0 when unknown.
        heartbeat: ISO time of the last heartbeat.
        checkpoint: Name of the newest checkpoint; empty when there is none.
        note: Why the run ended, or what to do; safe to print on a terminal.
        ends: ISO time at which the run expects to end; empty when it has ended, or does not know yet.
    """

    run: str
    state: str
    step: int
    steps: int
    heartbeat: str
    checkpoint: str
    note: str
    ends: str = ""

    @property
    def seconds_left(self) -> float | None:
        """Seconds until the run expects to end; None when that is unknown or over."""
        try:
            left = (datetime.fromisoformat(self.ends) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):
            return None
        return left if left >= 0 else None


def reports(out: Path) -> list[Report]:
    """Return the reports of all run folders in `out`, sorted by name. Other folders are skipped."""
    return [report(path.parent) for path in sorted(out.glob(f"*/{layout.STATUS}"))]


def report(folder: Path) -> Report:
    """Return the report of a run folder. Its state is "unreadable" when status.json is damaged."""
    content = _read(folder)
    state, note = str(content.get("state", "unreadable")), str(content.get("error") or content.get("ended", ""))
    if state in GOING and (silence := _silence(folder, content)):
        state, note = "dead", f"{silence}; {how_to_go_on(folder)}"
    checkpoints = retention.in_order(folder / layout.CHECKPOINTS)
    whole = retention.complete(folder / layout.CHECKPOINTS)
    newest = whole[-1].name if whole else ""
    if checkpoints and checkpoints[-1].name != newest:
        reason = f"{checkpoints[-1].name} is damaged: {retention.what_is_wrong(checkpoints[-1])}"
        note = "; ".join(filter(None, [note, reason]))
    step, steps = _number(content.get("step")), _number(content.get("steps"))
    ends = str(content.get("ends", "")) if state in GOING else ""
    return Report(folder.name, state, step, steps, str(content.get("heartbeat", "")), newest, printable(note), ends)


def owner(folder: Path) -> str:
    """Describe the process that a run belongs to: "process 4321 on HOST"."""
    content = _read(folder)
    return f"process {content.get('pid', 'unknown')} on {content.get('host', 'an unknown machine')}"


def check_ended(folder: Path) -> None:
    """Check, where the file system has no locks, that no process trains in a run folder, by its status.

    Args:
        folder: The run folder.

    Raises:
        RunError: Another process seems to train in it.
    """
    content = _read(folder)
    if content.get("state") in GOING and content.get("pid") != os.getpid() and not _silence(folder, content):
        raise RunError(
            f"{folder}: {owner(folder)} seems to train in it, and this file system has no locks that would tell. Stop "
            f"it, or wait until `ganzoo runs` calls it dead: {SILENCE / 60:.0f} minutes after its last heartbeat."
        )


def _silence(folder: Path, content: dict[str, Any]) -> str:
    """Return why a run that is marked as running cannot be; empty for one that is running."""
    if content.get("host") == socket.gethostname():
        held = lock.is_held(folder)
        going = psutil.pid_exists(_number(content.get("pid"))) if held is None else held
        return "" if going else f"process {content.get('pid')} no longer exists"
    try:
        seconds = (datetime.now(UTC) - datetime.fromisoformat(str(content.get("heartbeat")))).total_seconds()
    except (ValueError, TypeError):
        return "it has no heartbeat"
    return f"no heartbeat from {content.get('host')} for {seconds / 60:.0f} minutes" if seconds > SILENCE else ""


def _read(folder: Path) -> dict[str, Any]:
    try:
        content = regular.read_json(folder / layout.STATUS)
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0
