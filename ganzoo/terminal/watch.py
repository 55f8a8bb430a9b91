"""The live view of `ganzoo watch`: shows a run from the files in its folder, in any process and without torch."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ganzoo import diagnosis
from ganzoo.diagnosis import Finding
from ganzoo.runs import layout, scores, status
from ganzoo.runs.metrics_log import NOT_RESULTS, parsed
from ganzoo.terminal.progress import ProgressDisplay
from ganzoo.utils import regular

INTERVAL = 1.0  # seconds between two readings of the folder


class Follower:
    """Reads what has been added to a run folder since the previous reading.

    `rows` are all rows of metrics.jsonl so far. A run that goes back to an earlier step, or is resumed from one,
    replaces the file.

    Args:
        folder: The run folder.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.rows = list[dict[str, Any]]()
        self.reported = set[str]()  # names of findings
        self._inode = 0
        self._read = 0
        self._grid = Path()

    def new_rows(self) -> tuple[list[dict[str, Any]], bool]:
        """Return the new rows, and True when they replace all earlier ones, as when a run went back to a step."""
        try:
            with regular.open_file(self.folder / layout.METRICS) as file:
                stat = os.fstat(file.fileno())
                replaced = bool(self.rows) and (stat.st_ino != self._inode or stat.st_size < self._read)
                if replaced:
                    self.rows = []
                    self._read = 0
                self._inode = stat.st_ino
                file.seek(self._read)
                lines, newline, _ = file.read().rpartition(b"\n")  # the last line may be half written
        except OSError:
            return [], False
        self._read += len(lines) + len(newline)
        rows = [*parsed(lines.splitlines())]
        self.rows += rows
        return rows, replaced

    def new_grid(self) -> Path | None:
        """Return the newest sample grid, a picture or a text, if it is new; None otherwise."""
        grid = max((self.folder / layout.SAMPLES).glob("step-*"), default=self._grid)
        if grid == self._grid:
            return None
        self._grid = grid
        return grid

    def new_findings(self) -> Iterator[Finding]:
        """Yield each problem that the values show and that has not been reported yet."""
        try:
            recipe = regular.read_json(self.folder / layout.RESOLVED)["recipe"]
        except (OSError, ValueError, KeyError, TypeError):
            recipe = {}
        for finding in diagnosis.examine(self.rows, scores.read(self.folder / layout.SCORES), recipe):
            if finding.name not in self.reported:
                self.reported.add(finding.name)
                yield finding


def follow(folder: Path, once: bool = False) -> status.Report:
    """Show a run on stdout until it ends.

    Args:
        folder: The run folder.
        once: Show the present state and return.

    Returns:
        The final, or present, state of the run.
    """
    follower, report = Follower(folder), status.report(folder)
    with ProgressDisplay(report.steps, 0, stderr=False, estimated=False) as display:
        display.say(str(folder))
        while True:
            report = status.report(folder)  # before the rows: when the run has ended, all its rows have been written
            last = once or report.state not in status.GOING
            display.expect_end(report.seconds_left)
            _update(follower, display, last)
            if last:
                return report
            time.sleep(INTERVAL)


def _update(follower: Follower, display: ProgressDisplay, last: bool) -> None:
    rows, replaced = follower.new_rows()
    if replaced:
        display.clear()
    for row in rows:
        display.add(row["step"], _values(row), row.get("images_per_second") or 0.0)
    grid = follower.new_grid()
    if grid:
        display.picture(grid)
    if grid or last:  # training looks for problems at the same steps
        for finding in follower.new_findings():
            display.say(str(finding))
    if rows or last:
        display.show(last)


def _values(row: Mapping[str, Any]) -> dict[str, float]:
    """Return the values of a row without its step, speed and threads; null becomes NaN."""
    values = {name: value for name, value in row.items() if name not in ("step", *NOT_RESULTS)}
    return {name: math.nan if value is None else float(value) for name, value in values.items()}
