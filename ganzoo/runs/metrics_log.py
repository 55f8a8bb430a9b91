"""metrics.jsonl: the numbers of a run, one JSON object a line; a disk that is full for a while costs none of them."""

from __future__ import annotations

import errno
import json
import math
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ganzoo.utils import atomic

ABOUT = ("gradient", "samples", "data")  # before the slash: what is told of players, of samples, by the data


def is_loss(name: str) -> bool:
    """Whether a number of a row is a term that a player minimises: "generator/adversarial"."""
    before, slash, _ = name.partition("/")
    return bool(slash) and before not in ABOUT


def parsed(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """Lines of metrics.jsonl -> rows; a line that is none is passed over, and so is what is no number in one."""
    for line in lines:
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict) and isinstance(row.get("step"), int):
            yield {name: value for name, value in row.items() if value is None or isinstance(value, (int, float))}


class MetricsLog:
    """Rows {"step": t, name: number, ...}. A number that is not finite stands there as null."""

    def __init__(self, path: Path):
        self.path = path
        self._waiting: list[bytes] = []

    def append(self, step: int, values: Mapping[str, float]) -> None:
        """Add a row, and those that could not be written before. Errors: OSError; the rows wait for the next call."""
        row = {"step": step, **{name: value if math.isfinite(value) else None for name, value in values.items()}}
        self._waiting.append(json.dumps(row).encode() + b"\n")
        lines = b"".join(self._waiting)
        with self.path.open("ab", buffering=0) as file:
            whole = file.tell()
            try:
                if file.write(lines) < len(lines):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            except OSError:
                file.truncate(whole)  # no half of a line
                raise
        self._waiting.clear()

    def rows(self) -> Iterator[dict[str, Any]]:
        """Every row; a line that was cut off is passed over."""
        if not self.path.is_file():
            return
        with self.path.open("rb") as lines:
            yield from parsed(lines)

    def forget_after(self, step: int) -> None:
        """Drop rows of later steps, which a run that goes on from `step` writes again."""
        self._waiting.clear()
        kept = [json.dumps(row) + "\n" for row in self.rows() if row["step"] <= step]
        atomic.write_file(self.path, "".join(kept).encode())
