"""The `ganzoo sample` command."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from torch import Tensor

    from ganzoo.sampling.model import Model


@click.command("sample")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("-n", "count", type=click.IntRange(min=1), default=64, show_default=True, help="Number of samples.")
@click.option(
    "--label",
    "labels",
    metavar="L",
    multiple=True,
    help="Class name or index; repeat for several classes in turn. [all classes in turn]",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**62, max_open=True),
    help="Seed of the noise; the same seed gives the same samples. [random]",
)
@click.option(
    "--input",
    "pictures",
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    help="Folder of input pictures for a translator.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="A .png (grid), .npz (arrays) or .txt file (token ids), or a folder (one PNG per sample). "
    "[RUN/samples.png, or .txt for token ids]",
)
def command(
    run: Path, count: int, labels: tuple[str, ...], seed: int | None, pictures: Path | None, out: Path | None
) -> None:
    """Generate samples from the trained model RUN.

    RUN is a run folder, a folder of runs (the newest run is used), a checkpoint folder, an export, OWNER/NAME on the
    Hugging Face Hub, or a model that came with ganzoo or a plugin (see `ganzoo list model`). Averaged weights (EMA) are
    used if the run has them.

    An .npz file contains `images` uint8 (N, H, W, C) and `labels` int64 (N,), -1 without labels. For token ids,
    `images` is int64 (N, T), and `words` contains their texts.

    A translator (image to image) translates all pictures in --input, or -n random examples of its training data. A grid
    then shows inputs next to outputs, and an .npz file contains `inputs` too.

    \b
    ganzoo sample letters
    ganzoo sample runs/... -n 16 --label A
    ganzoo sample runs/... -n 6200 --label 0 --label 1 --out digits.npz
    ganzoo sample runs/... --input photos --out translated
    """
    from ganzoo import api
    from ganzoo.sampling import writer
    from ganzoo.translator import Translator

    model = api.load(run)
    if pictures or isinstance(model.procedure, Translator):
        target = out or api.default_output(run, "samples.png")
        click.echo(_translate(model, count, labels, seed, pictures, target))
        return
    requested: Sequence[str] | None = [labels[i % len(labels)] for i in range(count)] if labels else None
    y = model.labels(count, requested)
    target = out or api.default_output(run, "samples.txt" if model.spec.vocab else "samples.png")
    samples = model.sample(count, y, seed)
    columns = writer.columns(count, len(set(labels)) if labels else model.spec.classes if y is not None else 0)
    click.echo(writer.save(samples, y, target, columns, model.words))


def _translate(
    model: Model, count: int, labels: tuple[str, ...], seed: int | None, pictures: Path | None, target: Path
) -> Path:
    import secrets

    from ganzoo.sampling import writer
    from ganzoo.translator import beside

    seed = secrets.randbits(62) if seed is None else seed
    truth: list[Tensor] = []
    if pictures:
        inputs = model.read(pictures)
    else:
        inputs, *truth = model.pairs(count, seed)
    y = model.labels(len(inputs), [labels[i % len(labels)] for i in range(len(inputs))] if labels else None)
    outputs = model.translate(inputs, y, seed)
    if target.suffix == ".png":
        grid = beside(inputs, outputs, *truth)
        return writer.save(grid.samples, None, target, grid.columns)
    return writer.save(outputs, y, target, 1, inputs=inputs)
