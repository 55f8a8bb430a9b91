"""The `ganzoo watch` command."""

from __future__ import annotations

from pathlib import Path

import click

from ganzoo.cli.complete import runs
from ganzoo.terminal.output import echo


@click.command("watch")
@click.argument("run", type=click.Path(path_type=Path), default="runs", shell_complete=runs)
@click.option("--once", is_flag=True, help="Show the current state and exit.")
def command(run: Path, once: bool) -> None:
    """Show the progress of RUN until it ends: losses, newest sample grid and diagnosis.

    RUN is a run folder, or a folder of runs (default: runs), of which the newest run is shown. Ctrl-C ends this command
    and not the run.

    \b
    ganzoo watch runs
    ganzoo watch runs/quickstart-20260101-120000-ab12 --once
    """
    from ganzoo.runs import status
    from ganzoo.terminal import watch

    try:
        report = watch.follow(status.find(run), once)
    except KeyboardInterrupt:
        return
    reached = f"step {report.step:,} of {report.steps:,}" if report.steps else f"step {report.step:,}"
    echo(f"{report.state}, {reached}{': ' + report.note if report.note else ''}")
