"""The `ganzoo runs` command."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import click

from ganzoo.errors import printable
from ganzoo.runs import overview, status
from ganzoo.runs.overview import Overview
from ganzoo.terminal.output import echo


@click.command("runs")
@click.argument("out", type=click.Path(path_type=Path), default="runs")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(out: Path, as_json: bool) -> None:
    """List the runs in the folder OUT (default: runs) with their states, scores, and the settings that differ.

    Outside a terminal, each run is one line of run, state, step, checkpoint, heartbeat, note, score, "best" for the
    best of comparable scores, and settings, with tabs between.

    The states are created, running, finished, interrupted, diverged, failed and dead. A dead run is marked as running,
    but its process no longer exists; `ganzoo resume` resumes it. `ganzoo compare OUT` shows all scores.
    """
    reports = status.reports(out)
    views = overview.of([out / report.run for report in reports])
    if as_json:
        echo(json.dumps([_document(report, view) for report, view in zip(reports, views, strict=True)]))
    elif reports:
        _table(reports, views)
    else:
        echo(f"No runs in {out}.", err=True)


def _document(report: status.Report, view: Overview) -> dict[str, object]:
    score = {"name": view.score.name, "value": view.score.value, "step": view.score.step} if view.score else None
    return {**vars(report), "settings": view.settings, "score": score, "best": view.best}


def _table(reports: Sequence[status.Report], views: Sequence[Overview]) -> None:
    from ganzoo.terminal import table

    if not table.for_people():
        pairs = zip(reports, views, strict=True)
        table.print_lines([*_cells(report), report.note, *_fields(view)] for report, view in pairs)
        return
    columns = ["run", "state", "step", "checkpoint", "heartbeat"]
    rows = [[*_cells(report)] for report in reports]
    if any(view.score for view in views):
        columns.insert(3, "score")
        for row, view in zip(rows, views, strict=True):
            row.insert(3, " ".join(filter(None, [_value(view), "best" if view.best else ""])))
    table.print_table(columns, rows, whole=columns[:-1])
    _say_scores(views)
    for report, view in zip(reports, views, strict=True):
        if view.settings:
            echo(printable(f"{report.run}: {view.settings}"))
        if report.note:
            echo(f"{report.run}: {report.note}")


def _say_scores(views: Sequence[Overview]) -> None:
    """Name the scores of the table below it."""
    names = dict.fromkeys(f"{view.score.name} ({view.score.better} is better)" for view in views if view.score)
    if names:
        echo(printable(f"score: the newest {', '.join(names)}"))


def _cells(report: status.Report) -> tuple[str, ...]:
    step = f"{report.step:,} of {report.steps:,}" if report.steps else f"{report.step:,}"
    return report.run, report.state, step, report.checkpoint, _minute(report.heartbeat)


def _fields(view: Overview) -> tuple[str, str, str]:
    score = f"{view.score.name} {_value(view)}" if view.score else ""
    return printable(score), "best" if view.best else "", printable(view.settings)


def _value(view: Overview) -> str:
    return f"{view.score.value:.4g}" if view.score else ""


def _minute(heartbeat: str) -> str:
    """Return an ISO time as 2026-01-02 03:04 in this machine's time zone; other text unchanged."""
    try:
        return datetime.fromisoformat(heartbeat).astimezone().strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return heartbeat
