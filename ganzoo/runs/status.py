"""What has become of a run, told by its folder alone: nothing here imports torch."""

from __future__ import annotations

import json
import os
import socket
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ganzoo.errors import RunError, printable
from ganzoo.runs import layout, retention
from ganzoo.utils import atomic, lock

HEARTBEAT = 15.0  # seconds between signs of life
SILENCE = 300.0  # seconds without one, after which a run on another machine counts as dead
GOING = ("created", "running")


def write(folder: Path, state: str, step: int, **more: Any) -> None:
    """state: created, running, interrupted, failed, diverged or finished. Errors: OSError."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    owner = {"pid": os.getpid(), "host": socket.gethostname()}
    atomic.write_json(folder / layout.STATUS, {"state": state, "step": step, "heartbeat": now, **owner, **more})


def find(folder: Path) -> Path:
    """The folder itself if it is a run's, or the newest run in it. Errors: RunError when there is none."""
    if (folder / layout.RESOLVED).is_file():
        return folder
    inside = sorted(folder.glob(f"*/{layout.RESOLVED}"), key=lambda path: path.stat().st_mtime)
    if not inside:
        raise RunError(f"{folder}: not a run folder (it has no resolved.json). `ganzoo run` prints where it writes.")
    return inside[-1].parent


@dataclass(frozen=True)
class Report:
    """One run as `ganzoo runs` shows it. state: one of status.json's, or dead: it says it runs, and does not.

    note: why it ended, or what to do; fit for a terminal.
    """

    run: str
    state: str
    step: int
    steps: int
    heartbeat: str
    checkpoint: str
    note: str


def reports(out: Path) -> list[Report]:
    """Every run folder in `out`, in order of name; what is no run is passed over."""
    return [report(path.parent) for path in sorted(out.glob(f"*/{layout.STATUS}"))]


def report(folder: Path) -> Report:
    found = _read(folder)
    state, note = str(found.get("state", "unreadable")), str(found.get("error", ""))
    if state in GOING and (silence := _silence(folder, found)):
        state, note = "dead", f"{silence}; go on with: ganzoo resume {folder}"
    checkpoints = retention.complete(folder / layout.CHECKPOINTS)
    newest = checkpoints[-1].name if checkpoints else ""
    step, steps = _number(found.get("step")), _number(found.get("steps"))
    return Report(folder.name, state, step, steps, str(found.get("heartbeat", "")), newest, printable(note))


def owner(folder: Path) -> str:
    found = _read(folder)
    return f"process {found.get('pid', 'unknown')} on {found.get('host', 'an unknown machine')}"


def _silence(folder: Path, found: dict[str, Any]) -> str:
    """Why a run that says it is going cannot be; empty for one that is."""
    if found.get("host") == socket.gethostname():
        return "" if lock.is_held(folder) else f"process {found.get('pid')} has ended without a word"
    try:
        seconds = (datetime.now(UTC) - datetime.fromisoformat(str(found.get("heartbeat")))).total_seconds()
    except (ValueError, TypeError):
        return "it has no heartbeat"
    return f"no sign of life from {found.get('host')} for {seconds / 60:.0f} minutes" if seconds > SILENCE else ""


def _read(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads((folder / layout.STATUS).read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0
