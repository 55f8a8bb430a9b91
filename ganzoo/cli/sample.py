"""ganzoo sample RUN [-n N] [--label L] [--seed S] [--out FILE]"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click


@click.command("sample")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("-n", "count", type=click.IntRange(min=1), default=64, show_default=True, help="How many samples.")
@click.option(
    "--label", "labels", metavar="L", multiple=True, help="A class name or index; repeat for several in turn."
)
@click.option("--seed", type=click.IntRange(0, 2**62, max_open=True), help="The same seed draws the same samples.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="A .png grid, a .txt of token ids, an .npz file, or a folder. [RUN/samples.png, or samples.txt]",
)
def command(run: Path, count: int, labels: tuple[str, ...], seed: int | None, out: Path | None) -> None:
    """Draw samples from RUN, a run folder or one of its checkpoints, by class and seed.

    Averaged weights are used where the run keeps them. An .npz holds `images` uint8 (N, H, W, C) and `labels`
    int64 (N,), -1 where there are none; of token ids, `images` int64 (N, T) and `words`.

    \b
    ganzoo sample runs/... -n 16 --label A
    ganzoo sample runs/... -n 6200 --label 0 --label 1 --out digits.npz
    """
    from ganzoo import api, export

    model = api.load(run)
    asked: Sequence[str] | None = [labels[i % len(labels)] for i in range(count)] if labels else None
    y = model.labels(count, asked)
    target = out or api.find(run)[0].folder / ("samples.txt" if model.spec.vocab else "samples.png")
    samples = model.sample(count, y, seed)
    columns = export.columns(count, len(set(labels)) if labels else model.spec.classes if y is not None else 0)
    click.echo(export.save(samples, y, target, columns, model.words))
