"""The `ganzoo runs` command."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import click

from ganzoo.runs import status


@click.command("runs")
@click.argument("out", type=click.Path(path_type=Path), default="runs")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(out: Path, as_json: bool) -> None:
    """List the runs in the folder OUT (default: runs) with their states.

    The states are created, running, finished, interrupted, diverged, failed and dead. A dead run is marked as running,
    but its process no longer exists; `ganzoo resume` resumes it.
    """
    reports = status.reports(out)
    if as_json:
        click.echo(json.dumps([vars(report) for report in reports]))
    elif reports:
        _table(reports)
    else:
        click.echo(f"No runs in {out}.", err=True)


def _table(reports: list[status.Report]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0))
    for column in ("run", "state", "step", "checkpoint", "heartbeat"):
        table.add_column(column, overflow="fold", no_wrap=column != "heartbeat")
    for report in reports:
        step = f"{report.step:,} of {report.steps:,}" if report.steps else f"{report.step:,}"
        table.add_row(*map(Text, (report.run, report.state, step, report.checkpoint, _minute(report.heartbeat))))
    Console().print(table)
    for report in reports:
        if report.note:
            click.echo(f"{report.run}: {report.note}")


def _minute(heartbeat: str) -> str:
    """Return an ISO time as 2026-01-02 03:04 in this machine's time zone; other text unchanged."""
    try:
        return datetime.fromisoformat(heartbeat).astimezone().strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return heartbeat
