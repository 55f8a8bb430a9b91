"""The `ganzoo evaluate` command."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ganzoo.cli import protocol
from ganzoo.cli.complete import of_kind, runs
from ganzoo.terminal.output import echo

if TYPE_CHECKING:
    from ganzoo.runs.scores import Score


@click.command("evaluate")
@click.argument("run", type=click.Path(path_type=Path), shell_complete=runs)
@click.argument("changes", nargs=-1, metavar="[KEY=VALUE ...]")
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    metavar="NAME",
    shell_complete=of_kind("metric"),
    help="Metric to compute; repeatable. [those of the recipe, or all that apply to the data]",
)
@click.option(
    "--extractor",
    metavar="NAME",
    shell_complete=of_kind("extractor"),
    help="Extractor that computes features for the metrics. [that of the recipe, or one that fits the data]",
)
@click.option(
    "-n",
    "samples",
    type=click.IntRange(min=2),
    help="Number of samples. [2,000, or the number of held-out real samples if that is smaller]",
)
@click.option("--seed", type=click.IntRange(0, 2**31, max_open=True), help="Seed of the samples' noise. [0]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(
    run: Path,
    changes: tuple[str, ...],
    metrics: tuple[str, ...],
    extractor: str | None,
    samples: int | None,
    seed: int | None,
    as_json: bool,
) -> None:
    """Compute metrics of samples of RUN, and append the scores to RUN/scores.jsonl.

    RUN is a run folder, a folder of runs (the newest run is used), or a checkpoint folder. A verdict in words comes
    first. Each score is shown next to the score of held-out real samples. KEY=VALUE overrides a setting of the tables
    evaluate, metric.0 (the first metric) or extractor, or dataset.path where the data has moved.

    \b
    ganzoo evaluate runs/...
    ganzoo evaluate runs/.../checkpoints/best --metric frechet_distance -n 5000
    ganzoo evaluate runs/... --extractor referee extractor.least=0.6
    """
    from ganzoo.evaluation import evaluate
    from ganzoo.metrics.verdict import plain, verdict
    from ganzoo.runs.scores import place

    warn = partial(echo, err=True)
    scores = evaluate(
        run, metrics, samples=samples, seed=seed, extractor=extractor, changes=changes, told=warn, progress=warn
    )
    result = verdict(scores)
    if as_json:
        echo(json.dumps({"verdict": plain(result), "scores": [asdict(score) for score in scores]}))
    else:
        echo(f"{result.text}\n")
        _table(sorted(scores, key=lambda score: place(score.name)))


def _table(scores: list[Score]) -> None:
    from rich.table import Table

    from ganzoo.terminal.console import Console

    table = Table(box=None, padding=(0, 2, 0, 0))
    for column in ("score", "value", "real samples", "better", "samples"):
        table.add_column(column, justify="left" if column in ("score", "better") else "right", no_wrap=True)
    for score in scores:
        floor = "" if score.floor is None else f"{score.floor:.4g}"
        table.add_row(score.name, f"{score.value:.4g}", floor, score.better, f"{score.protocol['samples']:,}")
    Console(highlight=False).print(table)
    shared = scores[0].protocol
    echo(f"step {scores[0].step}, weights {shared['weights']}, seed {shared['seed']}")
    for line in protocol.lines(scores):
        echo(line)
