"""The `ganzoo report` command."""

from __future__ import annotations

from pathlib import Path

import click

from ganzoo.cli.complete import runs
from ganzoo.terminal.output import echo


@click.command("report")
@click.argument("runs", metavar="RUN...", nargs=-1, required=True, type=click.Path(path_type=Path), shell_complete=runs)
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A new .html file. [RUN/report.html, or report.html for several runs]",
)
@click.option("--no-samples", is_flag=True, help="Generate no new samples; then neither weights nor data are needed.")
@click.option("--force", is_flag=True, help="Replace an existing file.")
def command(runs: tuple[Path, ...], out: Path | None, no_samples: bool, force: bool) -> None:
    """Write an HTML report on one or more runs to a single file.

    RUN is a run folder, a folder of runs (the newest run is used), or a checkpoint folder. The report contains loss
    curves, sample grids by step, diagnosis, scores, the recipe and the provenance; and newly generated samples by
    class, interpolations, and samples next to the nearest training pictures. With several runs, it starts with a
    comparison.

    The page loads nothing from the network. Local paths and names of users and machines are removed.

    \b
    ganzoo report runs/...
    ganzoo report runs/a-... runs/b-... -o comparison.html
    """
    from ganzoo.errors import GanzooError
    from ganzoo.report import contents, page
    from ganzoo.utils import output

    if out and out.suffix.lower() not in (".html", ".htm"):
        raise GanzooError(f"{out}: end it in .html.")
    opened = contents.find_runs(runs)
    default = opened[0][0].folder / "report.html" if len(opened) == 1 else Path("report.html")
    target = output.file_of(out, default, force)
    echo(page.save(opened, target, with_samples=not no_samples))
