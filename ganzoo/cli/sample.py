"""The `ganzoo sample` command."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from ganzoo.cli.complete import models
from ganzoo.terminal.output import echo
from ganzoo.utils.power_average import WIDEST

if TYPE_CHECKING:
    from torch import Tensor

    from ganzoo.sampling.formats import Layout
    from ganzoo.sampling.model import Model

    Part = tuple[Tensor, Tensor | None, Tensor | None]  # samples, labels, inputs


class Manner(NamedTuple):
    """Direction and sizes of a translation.

    Attributes:
        reverse: In the other direction.
        full_size: Each picture in its own size.
        tile: Side of the tiles of a translation in full size; None for whole pictures.
    """

    reverse: bool
    full_size: bool
    tile: int | None


@click.command("sample")
@click.argument("run", type=click.Path(path_type=Path), shell_complete=models)
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
    "--truncation",
    metavar="T",
    type=click.FloatRange(min=0, min_open=True),
    help="Sample nearer to the mean: at most T in each number of a normal code, such as 0.7. [none]",
)
@click.option(
    "--average",
    metavar="NAME|WIDTH",
    help='An average of run.averages, "trained" for none, or the width of one to rebuild from snapshots. [run.ema]',
)
@click.option(
    "--input",
    "pictures",
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    help="Folder of input pictures for a translator.",
)
@click.option("--reverse", is_flag=True, help="Translate in the other direction, if the GAN learns both.")
@click.option("--full-size", is_flag=True, help="Translate the pictures in --input in their own size.")
@click.option(
    "--tile",
    metavar="PIXELS",
    type=click.IntRange(min=8),
    help="With --full-size: translate large pictures in overlapping tiles of this side.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="A new .png (grid), .npz (arrays) or .txt file (token ids), or a new folder (one PNG per sample). "
    "[RUN/samples.png, or .txt for token ids; samples-2.png if that exists]",
)
@click.option("--force", is_flag=True, help="Replace an existing file.")
def command(
    run: Path,
    count: int,
    labels: tuple[str, ...],
    seed: int | None,
    truncation: float | None,
    average: str | None,
    pictures: Path | None,
    reverse: bool,
    full_size: bool,
    tile: int | None,
    out: Path | None,
    force: bool,
) -> None:
    """Generate samples from the trained model RUN.

    RUN is a run folder, a folder of runs (the newest run is used), a checkpoint folder, an export, OWNER/NAME on the
    Hugging Face Hub, or a model that came with ganzoo or a plugin (see `ganzoo list model`). Averaged weights (EMA) are
    used if the run has them.

    Nothing that exists is replaced or added to. Samples are written while they are drawn, so any number fits. A
    terminal shows the first ones.

    An .npz file contains `images` uint8 (N, H, W, C) and `labels` int64 (N,), -1 without labels. For token ids,
    `images` is int64 (N, T), and `words` contains their texts.

    --average samples from another average of the same run: one that run.averages names, or one of any width, such as
    0.15 of the run, rebuilt from the snapshots of run.snapshots.

    --truncation gives samples of higher quality that differ less, for generators with a normal prior: about 2 changes
    little, 0.5 much. The same seed gives the same samples, more or less near to the mean.

    A translator (image to image) translates all pictures in --input, or -n random examples of its training data. A grid
    then shows inputs next to outputs, and an .npz file contains `inputs` too. Pictures are cropped to squares of the
    size that the GAN was trained on. With --full-size they keep their size and shape, and the output is a folder.

    \b
    ganzoo sample letters
    ganzoo sample runs/... -n 16 --label A
    ganzoo sample runs/... -n 6200 --label 0 --label 1 --out digits.npz
    ganzoo sample runs/... --seed 1 --truncation 0.7
    ganzoo sample runs/... --input photos --out translated
    ganzoo sample runs/... --input paintings --reverse --full-size --tile 512
    """
    from ganzoo import api
    from ganzoo.sampling import latents, writer
    from ganzoo.terminal import preview
    from ganzoo.terminal.progress import Counter
    from ganzoo.translator import Translator
    from ganzoo.utils import output

    if out:  # before anything slow
        output.file_of(out, out, force) if writer.suffix(out) else output.check_folder(out)
    _check_sizes(pictures, full_size, tile, out)
    model = api.load(run, average=_average(average))
    latents.truncations(model.procedure, truncation)  # refuses before any work
    if pictures or reverse or isinstance(model.procedure, Translator):
        name = "samples" if full_size else "samples.png"
        target = out or output.file_of(None, api.default_output(run, name), force)
        as_grid = writer.suffix(target) == ".png"
        count, layout, parts = _translations(
            model, count, labels, seed, pictures, as_grid, Manner(reverse, full_size, tile)
        )
    else:
        target = out or output.file_of(None, api.default_output(run, _default_name(model)), force)
        layout, parts = _samples(model, count, labels, seed, truncation)
    with writer.writing(target, layout, force) as file, Counter("samples", count) as counter:
        for part in parts:
            file.write(*part)
            counter.show(file.written * count // layout.n)  # a grid of translations shows their inputs, too
    echo(file.path)
    preview.show(file.path, layout.columns if len(model.spec.shape) == 3 and file.path.is_file() else 0)


def _average(text: str | None) -> str | float | None:
    """Return the name of an average, or the width of one to rebuild."""
    try:
        width = float(text or "")
    except ValueError:
        return text
    if not 0 < width <= WIDEST:
        raise click.BadParameter(f"a width is a share of the run, above 0 and up to {WIDEST}", param_hint="--average")
    return width


def _check_sizes(pictures: Path | None, full_size: bool, tile: int | None, out: Path | None) -> None:
    """Refuse --full-size and --tile where they have no meaning."""
    from ganzoo.errors import GanzooError
    from ganzoo.sampling import writer

    if tile and not full_size:
        raise GanzooError("--tile is for pictures in their own size: add --full-size.")
    if full_size and not pictures:
        raise GanzooError("--full-size is for pictures of your own: add --input FOLDER.")
    if full_size and out and writer.suffix(out):
        raise GanzooError(f"pictures of different sizes do not fit into {out}: give a folder without an ending.")


def _default_name(model: Model) -> str:
    return "samples.txt" if model.spec.vocab else "samples.png"


def _samples(
    model: Model, count: int, labels: tuple[str, ...], seed: int | None, truncation: float | None
) -> tuple[Layout, Iterator[Part]]:
    """Return the layout of samples, and an iterator that draws them."""
    from ganzoo.sampling import writer
    from ganzoo.sampling.formats import Layout

    y = model.labels(count, _in_turn(labels, count))
    columns = writer.columns(count, len(set(labels)) if labels else model.spec.classes if y is not None else 0)
    return Layout(count, columns, model.words, model.class_names), _labelled(
        model.stream(count, y, seed, truncation), y
    )


def _labelled(parts: Iterator[Tensor], y: Tensor | None) -> Iterator[Part]:
    done = 0
    for samples in parts:
        yield samples, None if y is None else y[done : done + len(samples)], None
        done += len(samples)


def _translations(
    model: Model,
    count: int,
    labels: tuple[str, ...],
    seed: int | None,
    folder: Path | None,
    as_grid: bool,
    manner: Manner,
) -> tuple[int, Layout, Iterator[Part]]:
    """Return the number of translations, their layout, and an iterator that makes them.

    In a grid, they are next to inputs and targets.
    """
    import secrets

    from ganzoo.sampling.formats import Layout
    from ganzoo.translator import grid_columns

    seed = secrets.randbits(62) if seed is None else seed
    source, target = model.ends(manner.reverse)
    pictures = model.pictures(folder, manner.reverse) if folder else None
    n = count if pictures is None else len(pictures)
    y = model.labels(n, _in_turn(labels, n))
    kinds = model.translator.kinds if pictures is None else 2  # inputs, outputs and, of examples, targets
    columns = grid_columns(target, source, kinds)
    layout = Layout(n * kinds, columns) if as_grid else Layout(n, class_names=model.class_names)
    return n, layout, _translated(model.stream_translations(n, y, seed, pictures, *manner), y, as_grid)


def _translated(
    parts: Iterator[tuple[Tensor, Tensor, Tensor | None]], y: Tensor | None, as_grid: bool
) -> Iterator[Part]:
    from ganzoo.translator import beside

    done = 0
    for inputs, outputs, targets in parts:
        labels = None if y is None else y[done : done + len(outputs)]
        done += len(outputs)
        if as_grid:
            yield beside(inputs, outputs, *([] if targets is None else [targets])).samples, None, None
        else:
            yield outputs, labels, inputs


def _in_turn(labels: tuple[str, ...], n: int) -> Sequence[str] | None:
    """Return the label of each of n samples; None where none was given."""
    return [labels[i % len(labels)] for i in range(n)] if labels else None
