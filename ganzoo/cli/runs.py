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
    """List the runs in OUT with their states: finished, running, interrupted, diverged, failed or dead.

    A dead run is marked as running, but its process no longer exists.
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
    for column in ("run", "state", "step", "checkpoint", "last sign of life"):
        table.add_column(column, overflow="fold", no_wrap=column in ("run", "state", "step"))
    for one in reports:
        step = f"{one.step:,} of {one.steps:,}" if one.steps else f"{one.step:,}"
        table.add_row(*map(Text, (one.run, one.state, step, one.checkpoint, _minute(one.heartbeat))))
    Console().print(table)
    for one in reports:
        if one.note:
            click.echo(f"{one.run}: {one.note}")


def _minute(heartbeat: str) -> str:
    """2026-01-02T03:04:05+00:00 -> 2026-01-02 03:04, in the time of this machine; what is no time, as it is."""
    try:
        return datetime.fromisoformat(heartbeat).astimezone().strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return heartbeat
