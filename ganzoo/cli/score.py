"""The `ganzoo score` command."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ganzoo.terminal.output import echo

if TYPE_CHECKING:
    from ganzoo.sampling.scoring import Scored
    from ganzoo.terminal.progress import Counter


@click.command("score")
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--input",
    "place",
    metavar="PLACE",
    required=True,
    help="Folder of pictures, a picture, an .npz file of arrays, or the name of a dataset.",
)
@click.option(
    "--label",
    metavar="L",
    help="Class of all samples, by name or index, where the discriminator needs it. [labels of the data]",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of CSV.")
@click.option("--out", type=click.Path(path_type=Path), help="A new .csv or .json file. [standard output]")
@click.option("--force", is_flag=True, help="Replace an existing file.")
def command(run: Path, place: str, label: str | None, as_json: bool, out: Path | None, force: bool) -> None:
    """Score given samples by the discriminator of RUN: one number each, larger for what it takes for real.

    RUN is a run folder, a folder of runs (the newest run is used), or a checkpoint folder. Exports hold no
    discriminator unless sampling needs it.

    The number is the logit of the discriminator, unless the procedure scores in a way of its own. Pictures are brought
    to the size and colours of the training. Each row has the name of a file below the folder, or the number of the
    sample, and its score. Samples are read and scored in parts, so any number fits.

    \b
    ganzoo score runs/... --input photos
    ganzoo score runs/... --input photos --out scores.csv
    ganzoo score runs/... --input mnist --json
    """
    from ganzoo import api
    from ganzoo.errors import GanzooError
    from ganzoo.registry import discovery
    from ganzoo.sampling import scoring
    from ganzoo.terminal.progress import Counter
    from ganzoo.utils import output

    suffix = out.suffix.lower() if out else ".json" if as_json else ".csv"
    if suffix not in scoring.FORMATS:
        raise GanzooError(f"{out}: end it in .csv or .json.")
    if out:  # before anything slow
        output.file_of(out, out, force)
    plugins = discovery.load()
    model = api.load(run, plugins)
    with scoring.opened(place, model, plugins.zoo) as dataset:
        rows = scoring.scores(model, dataset, label)
        if out is None:
            scoring.write(rows, sys.stdout, suffix)
            return
        with (
            output.new_file(out, force) as file,
            Counter("scores", len(dataset)) as counter,
            file.partial.open("w", encoding="utf-8", newline="") as opened,
        ):
            scoring.write(_counted(rows, counter), opened, suffix)
        echo(file.path)


def _counted(rows: Iterator[Scored], counter: Counter) -> Iterator[Scored]:
    for n, row in enumerate(rows, 1):
        counter.show(n)
        yield row
