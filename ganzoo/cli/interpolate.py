"""ganzoo interpolate RUN [--out FILE] [--rows N] [--steps N] [--path P] [--label L] [--seed S]"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click


@click.command("interpolate")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="A .png or .gif file. [RUN/interpolation.png]")
@click.option("--rows", type=click.IntRange(1, 64), default=8, show_default=True, help="How many walks.")
@click.option(
    "--steps", type=click.IntRange(2, 60), default=10, show_default=True, help="Samples from one end to the other."
)
@click.option(
    "--path",
    type=click.Choice(["spherical", "linear"]),
    default="spherical",
    show_default=True,
    help="Along the great circle, or the straight line.",
)
@click.option(
    "--label", "labels", metavar="L", multiple=True, help="A class name or index; repeat for several rows in turn."
)
@click.option("--seed", type=click.IntRange(0, 2**62, max_open=True), help="The same seed draws the same walks.")
def command(
    run: Path,
    out: Path | None,
    rows: int,
    steps: int,
    path: Literal["spherical", "linear"],
    labels: tuple[str, ...],
    seed: int | None,
) -> None:
    """Draw the way from one sample of RUN to another: by the codes between theirs, all else alike.

    A .png has a row for each walk, of points a line. A .gif is a loop, in which all walks move at once.

    A class stays what it is along a row: each class in turn has one, or those named by --label.

    \b
    ganzoo interpolate runs/... --seed 3
    ganzoo interpolate runs/... --label A --label B --rows 2 --out a-and-b.gif
    """
    from ganzoo import api
    from ganzoo.sampling import interpolation

    model = api.load(run)
    target = out or api.default_output(run, "interpolation.png")
    y = [labels[i % len(labels)] for i in range(rows)] if labels else None
    walks = model.interpolate(rows, steps, path, y, seed, loop=target.suffix == ".gif")
    click.echo(interpolation.save(walks, target))
