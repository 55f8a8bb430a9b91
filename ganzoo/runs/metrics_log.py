"""metrics.jsonl: the numbers of a run, one JSON object per line. Rows that cannot be written now are written later."""

from __future__ import annotations

import errno
import json
import math
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ganzoo.utils import atomic, regular

NOT_LOSSES = ("gradient", "samples", "data")  # groups of numbers, before the slash, that are no loss terms
SECONDS = "seconds"  # of training so far, with grids, checkpoints and scores, also before it was resumed
NOT_RESULTS = ("images_per_second", "threads", SECONDS)  # values of a row that are no result of training
MEANINGS = {
    "told_apart": "share of the pairs of a real and a fake sample in which the real one has the larger output, "
    "0.5 for guessing",
    "d_accuracy": "share of samples on the right side of the discriminator's threshold, 0.5 for guessing",
}
"""Meanings of numbers whose names do not tell them: shown once with the progress, and below their charts."""


def is_loss(name: str) -> bool:
    """Return True when a name in a row is a loss term of a player, such as "generator/adversarial"."""
    group, slash, _ = name.partition("/")
    return bool(slash) and group not in NOT_LOSSES


def parsed(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """Parse lines of metrics.jsonl. Lines that are no row, and values that are no number, are skipped."""
    for line in lines:
        try:
            row = regular.parse_json(line)
        except ValueError:
            continue
        if isinstance(row, dict) and isinstance(row.get("step"), int):
            yield {name: value for name, value in row.items() if value is None or isinstance(value, (int, float))}


class MetricsLog:
    """A file of rows {"step": t, name: number, ...}. A number that is not finite is written as null.

    Args:
        path: The file, created when missing.
    """

    def __init__(self, path: Path):
        self.path = path
        self._waiting: list[bytes] = []

    def append(self, step: int, values: Mapping[str, float]) -> None:
        """Append a row, after those that could not be written before.

        Args:
            step: The step that the row belongs to.
            values: Numbers by name.

        Raises:
            OSError: The file cannot be written, for example because the disk is full. The next call writes the rows.
        """
        row = {"step": step, **{name: value if math.isfinite(value) else None for name, value in values.items()}}
        self._waiting.append(json.dumps(row).encode() + b"\n")
        lines = b"".join(self._waiting)
        regular.check_missing(self.path)
        with self.path.open("ab", buffering=0) as file:
            size = file.tell()
            try:
                if file.write(lines) < len(lines):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            except OSError:
                file.truncate(size)  # leave no partial line
                raise
        self._waiting.clear()

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield every row, none when the file is missing or a link. A line that was cut off is skipped."""
        try:
            with regular.open_file(self.path) as lines:
                yield from parsed(lines)
        except OSError:
            return

    def forget_after(self, step: int) -> None:
        """Delete the rows of later steps, which a run that is resumed from `step` writes again."""
        self._waiting.clear()
        lines = [json.dumps(row) + "\n" for row in self.rows() if row["step"] <= step]
        atomic.write_file(self.path, "".join(lines).encode())
