"""The board of a sweep: every trial with its state, as a live table in a terminal, and as lines elsewhere."""

from __future__ import annotations

import time
from pathlib import Path

from rich.live import Live
from rich.table import Table
from rich.text import Text

from ganzoo.errors import GanzooError
from ganzoo.runs import layout, resume, status
from ganzoo.runs.folder import RunFolder
from ganzoo.runs.scores import place
from ganzoo.runs.status import Report
from ganzoo.sweeps.trials import Trial, key_of
from ganzoo.sweeps.worker import Worker
from ganzoo.terminal.console import Console
from ganzoo.training.forecast import duration

LOOK = 1.0  # seconds between two readings of the run folders
PLAIN_EVERY = 10.0  # seconds between two lines
ROWS = 30  # trials that the table shows at once


class Board:
    """Shows the trials of a sweep inside a `with` block.

    Args:
        worker: Knows the trials and what became of them.
    """

    def __init__(self, worker: Worker):
        self.worker = worker
        self._keys = dict[Path, str]()  # run folder -> key of its recipe, which does not change
        self._told = set[str]()  # keys of trials whose end was told
        self._looked_at = 0.0
        self._said_at = time.monotonic()
        console = Console(stderr=True, highlight=False)
        self._live = Live(console=console, auto_refresh=False, transient=True) if console.is_terminal else None

    def __enter__(self) -> Board:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    def update(self, last: bool = False) -> None:
        """Read the run folders and show the trials, at most once a second.

        Args:
            last: Show them in any case.
        """
        now = time.monotonic()
        if not last and now - self._looked_at < LOOK:
            return
        self._looked_at = now
        rows = self.rows()
        if self._live:
            self._live.update(_table(rows), refresh=True)
        self._tell_ends(rows)
        if not self._live and not last and now - self._said_at > PLAIN_EVERY:
            self._said_at = now
            self.worker.say(_summary(rows))

    def rows(self) -> list[tuple[Trial, str, str]]:
        """Return each trial with its state and a note: "training", "step 120 of 500, 12 s left"."""
        reports = self._reports()
        return [(trial, *self._state(trial, reports.get(trial.key))) for trial in self.worker.trials]

    def _state(self, trial: Trial, report: Report | None) -> tuple[str, str]:
        if run := self.worker.run_of(trial):
            return "finished", _best_score(run)
        if error := self.worker.claims.failure(trial.key, self.worker.began_at):
            return "failed", error.partition("\n")[0]
        if report is None or report.state in ("created", "failed", "diverged"):
            return "waiting", ""
        if report.state == "finished":
            return "scoring", f"{report.step:,} steps"
        left = "" if report.seconds_left is None else f", {duration(report.seconds_left)} left"
        return ("training" if report.state == "running" else report.state), (
            f"step {report.step:,} of {report.steps:,}{left}" if report.steps else f"step {report.step:,}"
        )

    def _reports(self) -> dict[str, Report]:
        """Return the newest report of each recipe that has a run, by the recipe's key."""
        reports = {}
        paths = sorted(self.worker.out.glob(f"*/{layout.RESOLVED}"), key=lambda path: path.stat().st_mtime)
        for path in paths:
            if key := self._key(path.parent):
                reports[key] = status.report(path.parent)
        return reports

    def _key(self, folder: Path) -> str:
        if folder not in self._keys:
            try:
                self._keys[folder] = key_of(resume.comparable_of(RunFolder(folder), self.worker.plugins.zoo))
            except GanzooError:  # of another version, or damaged
                self._keys[folder] = ""
        return self._keys[folder]

    def _tell_ends(self, rows: list[tuple[Trial, str, str]]) -> None:
        """Print a line for each trial that has ended since the last look."""
        for trial, state, note in rows:
            if state in ("finished", "failed") and trial.key not in self._told:
                self._told.add(trial.key)
                line = f"{len(self._told)} of {len(rows)}: {trial.label} {state}" + (f", {note}" if note else "")
                self._live.console.print(Text(line)) if self._live else self.worker.say(line)


def _best_score(run: RunFolder) -> str:
    """Return the score of a run that is read first: "frechet_distance@referee 0.0123"."""
    newest = {score.name: score for score in run.scores()}
    first = min(newest.values(), key=lambda score: place(score.name), default=None)
    return f"{first.name} {first.value:.4g}" if first else ""


def _table(rows: list[tuple[Trial, str, str]]) -> Table:
    """Return the table of trials; where there are many, those that are not over come first."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("training", "state", ""):
        table.add_column(heading, overflow="ellipsis", no_wrap=True)
    order = {"training": 0, "scoring": 0, "waiting": 1}
    shown = rows if len(rows) <= ROWS else sorted(rows, key=lambda row: order.get(row[1], 2))[:ROWS]
    for trial, state, note in shown:
        table.add_row(Text(trial.label), Text(state), Text(note))
    if len(shown) < len(rows):
        table.add_row(Text(f"and {len(rows) - len(shown)} more"), Text(""), Text(""))
    return table


def _summary(rows: list[tuple[Trial, str, str]]) -> str:
    """Return one line on all trials: "3 of 12 finished; training seed 3 (step 120 of 500); ..."."""
    finished = sum(state == "finished" for _, state, _ in rows)
    going = [f"{state} {trial.label} ({note})" for trial, state, note in rows if state in ("training", "scoring")]
    return "; ".join([f"{finished} of {len(rows)} finished", *going])
