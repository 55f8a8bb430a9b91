"""The `ganzoo report` command."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("report")
@click.argument("runs", metavar="RUN...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "-o", "--out", type=click.Path(path_type=Path, dir_okay=False), help="An .html file. [RUN/report.html; report.html]"
)
@click.option("--no-samples", is_flag=True, help="Generate no new samples; needs neither weights nor data.")
def command(runs: tuple[Path, ...], out: Path | None, no_samples: bool) -> None:
    """Write a self-contained HTML report on one or more run folders or checkpoints.

    It contains loss curves, sample grids by step, diagnosis, scores, the recipe and the provenance of the run, and
    loads nothing from the network. Samples by class, interpolations and nearest training pictures are generated for the
    report. Several runs are compared first. Local paths and names of users and machines are removed.

    \b
    ganzoo report runs/...
    ganzoo report runs/a-... runs/b-... -o comparison.html
    """
    from ganzoo.errors import GanzooError
    from ganzoo.report import contents, page

    if out and out.suffix not in (".html", ".htm"):
        raise GanzooError(f"{out}: end it in .html.")
    found = contents.find_runs(runs)
    target = out or (found[0][0].folder / "report.html" if len(found) == 1 else Path("report.html"))
    click.echo(page.save(found, target, with_samples=not no_samples))
