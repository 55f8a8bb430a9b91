"""Following a run by what it writes into its folder, from any process: the view of training, without torch."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ganzoo import diagnosis
from ganzoo.diagnosis import Finding
from ganzoo.runs import layout, scores, status
from ganzoo.runs.metrics_log import parsed
from ganzoo.terminal.progress import Display

EVERY = 1.0  # seconds between two looks


class Follower:
    """What is new in a run folder since it was looked at last. rows: all of metrics.jsonl so far.

    A run that goes back, or on from an earlier step, replaces the file.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.rows = list[dict[str, Any]]()
        self.found = set[str]()
        self._inode = 0
        self._read = 0
        self._grid = Path()

    def new_rows(self) -> tuple[list[dict[str, Any]], bool]:
        """Rows, and whether they begin anew, as those of a run do that went back to an earlier step."""
        try:
            with (self.folder / layout.METRICS).open("rb") as file:
                found = os.fstat(file.fileno())
                anew = bool(self.rows) and (found.st_ino != self._inode or found.st_size < self._read)
                if anew:  # it was written again as a whole
                    self.rows = []
                    self._read = 0
                self._inode = found.st_ino
                file.seek(self._read)
                lines, newline, _ = file.read().rpartition(b"\n")  # the last line may be half written
        except OSError:
            return [], False
        self._read += len(lines) + len(newline)
        rows = [*parsed(lines.splitlines())]
        self.rows += rows
        return rows, anew

    def new_grid(self) -> Path | None:
        """The newest grid, a picture or a text, if it is another one than last time."""
        grid = max((self.folder / layout.SAMPLES).glob("step-*"), default=self._grid)
        if grid == self._grid:
            return None
        self._grid = grid
        return grid

    def new_findings(self) -> Iterator[Finding]:
        """What goes wrong, and was not told before."""
        try:
            recipe = json.loads((self.folder / layout.RESOLVED).read_bytes())["recipe"]
        except (OSError, ValueError, KeyError):
            recipe = {}
        for finding in diagnosis.examine(self.rows, scores.read(self.folder / layout.SCORES), recipe):
            if finding.name not in self.found:
                self.found.add(finding.name)
                yield finding


def follow(folder: Path, once: bool = False) -> status.Report:
    """Show a run on stdout until it ends, or `once` as it is; returns what has become of it."""
    follower, report = Follower(folder), status.report(folder)
    with Display(report.steps, 0, stderr=False) as display:
        display.say(str(folder))
        while True:
            report = status.report(folder)  # before its rows: those of its last step are there when it says it ended
            last = once or report.state not in status.GOING
            _look(follower, display, last)
            if last:
                return report
            time.sleep(EVERY)


def _look(follower: Follower, display: Display, last: bool) -> None:
    rows, anew = follower.new_rows()
    if anew:
        display.forget()
    for row in rows:
        display.add(row["step"], _numbers(row), row.get("images_per_second") or 0.0)
    grid = follower.new_grid()
    if grid:
        display.picture(grid)
    if grid or last:  # as often as training itself asks
        for finding in follower.new_findings():
            display.say(str(finding))
    if rows or last:
        display.show(last)


def _numbers(row: Mapping[str, Any]) -> dict[str, float]:
    """What stands in a row beside its step; null is no number."""
    own = {name: value for name, value in row.items() if name not in ("step", "images_per_second")}
    return {name: math.nan if value is None else float(value) for name, value in own.items()}
