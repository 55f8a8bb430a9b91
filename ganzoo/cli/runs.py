"""The `ganzoo runs` command."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import click

from ganzoo.runs import status
from ganzoo.terminal.output import echo


@click.command("runs")
@click.argument("out", type=click.Path(path_type=Path), default="runs")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(out: Path, as_json: bool) -> None:
    """List the runs in the folder OUT (default: runs) with their states.

    Outside a terminal, each run is one line of run, state, step, checkpoint, heartbeat and note, with tabs between.

    The states are created, running, finished, interrupted, diverged, failed and dead. A dead run is marked as running,
    but its process no longer exists; `ganzoo resume` resumes it.
    """
    reports = status.reports(out)
    if as_json:
        echo(json.dumps([vars(report) for report in reports]))
    elif reports:
        _table(reports)
    else:
        echo(f"No runs in {out}.", err=True)


def _table(reports: list[status.Report]) -> None:
    from ganzoo.terminal import table

    if not table.for_people():
        table.print_lines([*_cells(report), report.note] for report in reports)
        return
    columns = ("run", "state", "step", "checkpoint", "heartbeat")
    table.print_table(columns, map(_cells, reports), whole=columns[:-1])
    for report in reports:
        if report.note:
            echo(f"{report.run}: {report.note}")


def _cells(report: status.Report) -> tuple[str, ...]:
    step = f"{report.step:,} of {report.steps:,}" if report.steps else f"{report.step:,}"
    return report.run, report.state, step, report.checkpoint, _minute(report.heartbeat)


def _minute(heartbeat: str) -> str:
    """Return an ISO time as 2026-01-02 03:04 in this machine's time zone; other text unchanged."""
    try:
        return datetime.fromisoformat(heartbeat).astimezone().strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return heartbeat
