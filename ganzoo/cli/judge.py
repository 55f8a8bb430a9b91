"""The `ganzoo judge` command."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ganzoo.cli import markdown, protocol
from ganzoo.cli.complete import of_kind
from ganzoo.errors import printable
from ganzoo.terminal.output import echo

if TYPE_CHECKING:
    from ganzoo.judging import Judgement
    from ganzoo.runs.scores import Score


@click.command("judge")
@click.argument("places", nargs=-1, required=True, metavar="PLACE ... [KEY=VALUE ...]", type=click.Path())
@click.option(
    "--against",
    metavar="PLACE",
    shell_complete=of_kind("dataset"),
    help="Real pictures: a folder, an .npz file, or the name of a dataset.",
)
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    metavar="NAME",
    shell_complete=of_kind("metric"),
    help="Metric to compute; repeatable. [all that apply to the data]",
)
@click.option(
    "--extractor",
    metavar="NAME",
    shell_complete=of_kind("extractor"),
    help="Extractor that computes features for the metrics. [one that fits the data]",
)
@click.option(
    "-n",
    "samples",
    type=click.IntRange(min=2),
    help="Number of pictures of each place. [2,000, or fewer if a place or the held-out real ones are fewer]",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(
    places: tuple[str, ...],
    against: str | None,
    metrics: tuple[str, ...],
    extractor: str | None,
    samples: int | None,
    as_json: bool,
) -> None:
    """Judge pictures of any tool by all metrics, against real ones. No run is needed.

    PLACE is a folder of pictures, with or without a folder for each class, or an .npz file such as `ganzoo sample`
    writes. Several places are judged under one protocol, in one Markdown table. Pictures are cut to squares and brought
    to the size of the real ones; a line says which were. A verdict in words comes first.

    PLACE may also be a .json file of `ganzoo judge --json`. Judgements with different protocols are refused.

    KEY=VALUE is a setting of the real data, such as size=32, or of metric.0 (the first metric) or extractor.

    \b
    ganzoo judge generated --against photos
    ganzoo judge ours.npz theirs/ --against mnist
    ganzoo judge generated --against cifar10 --extractor efficientnet --json
    """
    from ganzoo import judging

    changes = [place for place in places if "=" in place and not Path(place).exists()]
    earlier = [place for place in places if place.lower().endswith(".json") and Path(place).is_file()]
    new = [place for place in places if place not in changes and place not in earlier]
    if new and against is None:
        raise click.UsageError("name the real pictures by --against: a folder, an .npz file or a dataset.")
    judgements = {place: judging.read(Path(place)) for place in earlier}
    if new and against is not None:
        warn = partial(echo, err=True)
        judged = judging.judge(new, against, metrics, samples=samples, extractor=extractor, changes=changes, told=warn)
        judgements |= {one.name: [one] for one in judged}
    listed = [one for place in places for one in judgements.get(place, ())]
    judging.check_comparable(listed)
    if as_json:
        echo(json.dumps({"judgements": [one.plain() for one in listed]}))
    else:
        _print(listed)


def _print(judgements: Sequence[Judgement]) -> None:
    """Print verdicts, scores and protocol as Markdown."""
    from ganzoo.runs.scores import place

    names = _short_names(judgements)
    for name, one in zip(names, judgements, strict=True):
        echo(f"{name}: {one.verdict.summary}")
    echo()
    scores = [{score.name: score for score in one.scores} for one in judgements]
    rows = sorted(dict.fromkeys(name for one in scores for name in one), key=place)
    for line in markdown.table(["score", *names, "real samples"], [_row(row, scores) for row in rows]):
        echo(line)
    echo()
    shared = next(score for one in judgements for score in one.scores).protocol
    shape = "x".join(map(str, shared["read"]["shape"]))
    numbers = " and ".join(f"{number:,}" for number in dict.fromkeys(one.pictures for one in judgements))
    echo(f"{numbers} pictures of each place in a fixed random order, read as {shape}, fit {shared['read']['fit']}")
    for line in protocol.lines([score for one in judgements for score in one.scores]):
        echo(line)
    for name, one in zip(names, judgements, strict=True):
        for remark in one.remarks:
            echo(f"{name}: {remark}")


def _row(name: str, judged: Sequence[dict[str, Score]]) -> list[str]:
    """Return a row of the table; the best value is bold where there are several."""
    from ganzoo.runs.scores import BEST_OF

    present = [scores[name] for scores in judged if name in scores]
    best = BEST_OF[present[0].better](score.value for score in present) if present[0].better in BEST_OF else None
    cells = []
    for scores in judged:
        text = f"{scores[name].value:.4g}" if name in scores else ""
        cells.append(f"**{text}**" if text and len(judged) > 1 and scores[name].value == best else text)
    floor = present[0].floor
    return [f"{name} {markdown.arrow(present[0].better)}".rstrip(), *cells, "" if floor is None else f"{floor:.4g}"]


def _short_names(judgements: Sequence[Judgement]) -> list[str]:
    """Return the last part of each place, or all of it where two are alike."""
    short = [Path(one.name).name or one.name for one in judgements]
    names = [name if short.count(name) == 1 else one.name for name, one in zip(short, judgements, strict=True)]
    return [printable(name).replace("|", "\\|") for name in names]
