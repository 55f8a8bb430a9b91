"""The `ganzoo timelapse` command."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("timelapse")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="A .gif file. [RUN/timelapse.gif]")
def command(run: Path, out: Path | None) -> None:
    """Animate the sample grids of RUN from the first step to the last.

    RUN is a run folder, or a folder of runs (the newest run is used). All grids are generated from the same noise. At
    most 120 grids are shown, evenly spaced.

    \b
    ganzoo timelapse runs/...
    ganzoo timelapse runs --out growing.gif
    """
    from ganzoo.errors import GanzooError
    from ganzoo.runs import status
    from ganzoo.visualization import timelapse

    if out and out.suffix != ".gif":
        raise GanzooError(f"{out}: end it in .gif.")
    folder = status.find(run)
    click.echo(timelapse.save(folder, out or folder / "timelapse.gif"))
