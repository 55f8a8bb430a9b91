"""The cells of the league: one JSON file for each GAN, dataset and seed, which processes share.

A cell is written at once when it is complete, as `<data>/<system>-<seed>.json`. Everything else is in `.work`, which
git ignores: for each cell its unfinished training and the process that took it, and the claims, which are those of
`ganzoo compare --claim`. So the processes may be on several machines that share the folder, with or without locks.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock

from ganzoo.runs import provenance
from ganzoo.sweeps.claims import Claims
from ganzoo.utils import atomic, processor

TOP = Path(__file__).resolve().parents[2]
CODE = ("ganzoo", "plugins", "recipes")  # what a result depends on
SIMD = ("sse4", "avx", "fma", "amx", "asimd", "sve")  # beginnings of the processor's flags that matter to torch
WORK, OWNER, REAL = ".work", "owner.json", "real.png"

Cell = dict[str, Any]


@dataclass(frozen=True)
class Task:
    """A cell to train.

    Attributes:
        data: Name of the dataset.
        system: Name of the GAN.
        seed: Seed of the run.
    """

    data: str
    system: str
    seed: int

    def __str__(self) -> str:
        return f"{self.data} {self.system} seed {self.seed}"

    @property
    def key(self) -> str:
        """Name of the cell among all processes."""
        return f"{self.data}-{self.system}-{self.seed}"


class Cells:
    """The folder of all cells.

    Args:
        folder: The folder, created when missing.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.claims = Claims(folder / WORK)

    def path(self, task: Task) -> Path:
        """Return the file of a cell."""
        return self.folder / task.data / f"{task.system}-{task.seed}.json"

    def work(self, task: Task) -> Path:
        """Return the folder of a cell's lock and unfinished training."""
        return self.folder / WORK / task.data / f"{task.system}-{task.seed}"

    def real(self, data: str) -> Path:
        """Return the picture of real images of a dataset."""
        return self.folder / data / REAL

    def read(self, task: Task) -> Cell | None:
        """Return a cell, or None when it was not trained."""
        path = self.path(task)
        return json.loads(path.read_bytes()) if path.is_file() else None

    def all(self, data: str) -> list[Cell]:
        """Return every cell of a dataset, sorted by system and seed."""
        cells = [json.loads(path.read_bytes()) for path in (self.folder / data).glob("[!.]*.json")]
        return sorted(cells, key=lambda cell: (cell["system"], cell["seed"]))

    def write(self, task: Task, cell: Cell) -> None:
        """Write a complete cell, in place of an earlier one."""
        path = self.path(task)
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic.write_json(path, cell)

    @contextmanager
    def claim(self, task: Task) -> Iterator[bool]:
        """Take a cell inside the block, so that no other process trains it.

        Args:
            task: The cell.

        Yields:
            False when another process has it.
        """
        with self.claims.take(task.key) as claimed:
            if claimed:
                self.work(task).mkdir(parents=True, exist_ok=True)
                atomic.write_json(self.work(task) / OWNER, identity())
            yield claimed

    def owner(self, task: Task) -> str:
        """Return the process that has a cell, or had it last: "process 4321 on HOST"; "" if there was none."""
        try:
            process = json.loads((self.work(task) / OWNER).read_bytes())
        except (OSError, ValueError):
            return ""
        return f"process {process['pid']} on {process['host']}"

    def is_taken(self, task: Task) -> bool:
        """Return True when a process has the cell."""
        return self.claims.is_taken(task.key)

    @contextmanager
    def alone(self, data: str) -> Iterator[None]:
        """Wait until no other process is in such a block of the dataset: the first one trains the referee for all."""
        folder = self.folder / WORK / data
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".referee"):
            yield


def identity() -> dict[str, Any]:
    """Return the process, its machine, and the time."""
    return {"pid": os.getpid(), "host": socket.gethostname(), "since": now()}


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def machine() -> dict[str, Any]:
    """Return what the time of a step depends on: processor, vector instructions, cores, system, and present load."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    flags = next((line.split(":")[1].split() for line in lines if line.startswith(("flags", "Features"))), [])
    return {
        "processor": processor.name(),
        "flags": sorted(flag for flag in flags if flag.startswith(SIMD)),
        "torch_uses": torch.backends.cpu.get_cpu_capability(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
        "system": f"{platform.system()} {platform.machine()}",
    }


def versions() -> dict[str, Any]:
    """Return the versions of the packages, the commit, and whether code or recipes differ from it."""

    def git(*words: str) -> str:
        done = subprocess.run(["git", *words], cwd=TOP, capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else ""

    state = {"commit": git("rev-parse", "HEAD"), "changed": bool(git("status", "--porcelain", "--", *CODE))}
    return {**provenance.versions(), "python": platform.python_version(), **state}


def judge_digest(cell: Cell) -> str:
    """Return the SHA-256 of the protocol by which a cell was judged, "" for one that was not."""
    if "protocol" not in cell:
        return ""
    return hashlib.sha256(json.dumps(cell["protocol"], sort_keys=True).encode()).hexdigest()
