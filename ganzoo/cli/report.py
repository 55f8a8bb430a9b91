"""ganzoo report RUN [RUN ...] [-o FILE] [--no-samples]"""

from __future__ import annotations

from pathlib import Path

import click


@click.command("report")
@click.argument("runs", metavar="RUN...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "-o", "--out", type=click.Path(path_type=Path, dir_okay=False), help="An .html file. [RUN/report.html; report.html]"
)
@click.option("--no-samples", is_flag=True, help="Draw nothing anew: needs neither weights nor data.")
def command(runs: tuple[Path, ...], out: Path | None, no_samples: bool) -> None:
    """Write all about RUN, run folders or checkpoints, into one HTML file to read, send or print.

    It holds curves, grids by step, findings, scores, the recipe and where the run comes from, and loads nothing from
    anywhere. Samples by class, walks between them and their nearest training pictures are drawn anew. Several runs are
    compared first. Folders of this machine and names of people and machines are left out.

    \b
    ganzoo report runs/...
    ganzoo report runs/a-... runs/b-... -o comparison.html
    """
    from ganzoo.errors import GanzooError
    from ganzoo.report import gather, page

    if out and out.suffix not in (".html", ".htm"):
        raise GanzooError(f"{out}: end it in .html.")
    found = gather.found(runs)
    target = out or (found[0][0].folder / "report.html" if len(found) == 1 else Path("report.html"))
    click.echo(page.save(found, target, with_samples=not no_samples))
