"""The `ganzoo interpolate` command."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click


@click.command("interpolate")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="A .png or .gif file. [RUN/interpolation.png]")
@click.option("--rows", type=click.IntRange(1, 64), default=8, show_default=True, help="Number of interpolations.")
@click.option(
    "--steps",
    type=click.IntRange(2, 60),
    default=10,
    show_default=True,
    help="Samples per interpolation, with both ends.",
)
@click.option(
    "--path",
    type=click.Choice(["spherical", "linear"]),
    default="spherical",
    show_default=True,
    help="Spherical or linear interpolation.",
)
@click.option("--label", "labels", metavar="L", multiple=True, help="Class name or index; repeatable, rows take turns.")
@click.option("--seed", type=click.IntRange(0, 2**62, max_open=True), help="The same seed gives the same samples.")
def command(
    run: Path,
    out: Path | None,
    rows: int,
    steps: int,
    path: Literal["spherical", "linear"],
    labels: tuple[str, ...],
    seed: int | None,
) -> None:
    """Interpolate between samples of RUN in latent space.

    A .png shows one interpolation per row, or per line for 2-D points. A .gif loops through three samples, for all
    rows at once. The class is constant along a row: all classes take turns, or those given by --label.

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
