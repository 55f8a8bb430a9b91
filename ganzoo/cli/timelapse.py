"""The `ganzoo timelapse` command."""

from __future__ import annotations

from pathlib import Path

import click

from ganzoo.cli.complete import runs
from ganzoo.terminal.output import echo


@click.command("timelapse")
@click.argument("run", type=click.Path(path_type=Path), shell_complete=runs)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A new .gif or .mp4 file, or a .png for a picture of some grids side by side. [RUN/timelapse.gif]",
)
@click.option("--step", "steps", type=int, multiple=True, help="A step to show in a picture; repeatable.")
@click.option("--force", is_flag=True, help="Replace an existing file.")
def command(run: Path, out: Path | None, steps: tuple[int, ...], force: bool) -> None:
    """Animate the sample grids of RUN from the first step to the last, or show some of them side by side.

    RUN is a run folder, or a folder of runs (the newest run is used). All grids are generated from the same noise. At
    most 120 grids are shown, evenly spaced.

    \b
    ganzoo timelapse runs/...
    ganzoo timelapse runs --out growing.gif
    ganzoo timelapse runs --out progress.png --step 0 --step 1000 --step 4000
    """
    from ganzoo.errors import GanzooError
    from ganzoo.runs import status
    from ganzoo.utils import output
    from ganzoo.visualization import mp4, timelapse

    if out and out.suffix.lower() not in (".gif", ".mp4", ".png"):
        raise GanzooError(f"{out}: end it in .gif or .mp4 for an animation, or in .png for a picture.")
    if out and out.suffix.lower() == ".mp4":
        mp4.check()
    if steps and (not out or out.suffix.lower() != ".png"):
        raise GanzooError("--step chooses the grids of a picture: add --out progress.png.")
    folder = status.find(run)
    target = output.file_of(out, folder / "timelapse.gif", force)
    if target.suffix.lower() == ".png":
        echo(timelapse.save_beside(folder, target, steps))
    else:
        echo(timelapse.save(folder, target, force))
