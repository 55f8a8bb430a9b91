"""The `ganzoo interpolate` command."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from ganzoo.cli.complete import models
from ganzoo.terminal.output import echo


@click.command("interpolate")
@click.argument("run", type=click.Path(path_type=Path), shell_complete=models)
@click.option("--out", type=click.Path(path_type=Path), help="A new .png, .gif or .mp4 file. [RUN/interpolation.png]")
@click.option("--rows", type=click.IntRange(1, 64), default=8, show_default=True, help="Number of interpolations.")
@click.option(
    "--steps",
    type=click.IntRange(2, 60),
    default=10,
    show_default=True,
    help="Samples per interpolation, both ends included.",
)
@click.option(
    "--path",
    type=click.Choice(["spherical", "linear"]),
    default="spherical",
    show_default=True,
    help="Spherical interpolation keeps the norm of codes of a normal prior, linear interpolation does not.",
)
@click.option(
    "--label",
    "labels",
    metavar="L",
    multiple=True,
    help="Class name or index of a row; repeat for several rows in turn. [all classes in turn]",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**62, max_open=True),
    help="Seed of the noise; the same seed gives the same interpolations. [random]",
)
@click.option("--force", is_flag=True, help="Replace an existing file.")
def command(
    run: Path,
    out: Path | None,
    rows: int,
    steps: int,
    path: Literal["spherical", "linear"],
    labels: tuple[str, ...],
    seed: int | None,
    force: bool,
) -> None:
    """Interpolate between samples of the trained model RUN in latent space.

    RUN is a run folder, a folder of runs (the newest run is used), a checkpoint folder, an export, or OWNER/NAME on the
    Hugging Face Hub. A .png shows one interpolation per row; for 2-D points, one per line of a plot. A .gif or
    .mp4 loops through three samples, for all rows at once. The class is constant along a row.

    \b
    ganzoo interpolate runs/... --seed 3
    ganzoo interpolate runs/... --label A --label B --rows 2 --out a-and-b.gif
    """
    from ganzoo import api
    from ganzoo.sampling import interpolation
    from ganzoo.utils import output

    interpolation.check_suffix(out or Path("interpolation.png"))
    target = output.file_of(out, api.default_output(run, "interpolation.png"), force)
    model = api.load(run)
    y = [labels[i % len(labels)] for i in range(rows)] if labels else None
    walks = model.interpolate(rows, steps, path, y, seed, loop=target.suffix.lower() in interpolation.ANIMATED)
    echo(interpolation.save(walks, target, force))
