"""The `ganzoo evaluate` command."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ganzoo.cli.complete import of_kind

if TYPE_CHECKING:
    from ganzoo.runs.scores import Score


@click.command("evaluate")
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("changes", nargs=-1, metavar="[KEY=VALUE ...]")
@click.option(
    "--metric", "metrics", multiple=True, metavar="NAME", shell_complete=of_kind("metric"), help="Metric; repeatable."
)
@click.option("--extractor", metavar="NAME", shell_complete=of_kind("extractor"), help="Feature extractor.")
@click.option("-n", "samples", type=click.IntRange(min=2), help="Number of samples. [10,000, or as many as held out]")
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
    """Compute metrics of the samples of RUN, a run folder, a folder of runs, or a checkpoint.

    The default metrics are those of the recipe, or all that apply to the data. Each score is shown with its floor, the
    score of held-out real samples, and appended with its protocol to RUN/scores.jsonl.

    \b
    ganzoo evaluate runs/...
    ganzoo evaluate runs/.../checkpoints/best --metric frechet_distance -n 5000
    ganzoo evaluate runs/... --extractor referee extractor.least=0.6
    """
    from ganzoo.evaluation import evaluate

    told = partial(click.echo, err=True)
    scores = evaluate(run, metrics, samples=samples, seed=seed, extractor=extractor, changes=changes, told=told)
    if as_json:
        click.echo(json.dumps([asdict(score) for score in scores]))
    else:
        _table(scores)


def _table(scores: list[Score]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0))
    for column in ("score", "value", "real samples", "better", "samples"):
        table.add_column(column, justify="left" if column in ("score", "better") else "right", no_wrap=True)
    for one in scores:
        floor = "" if one.floor is None else f"{one.floor:.4g}"
        table.add_row(one.name, f"{one.value:.4g}", floor, one.better, f"{one.protocol['samples']:,}")
    Console(highlight=False).print(table)
    click.echo(_protocol(scores))


def _protocol(scores: list[Score]) -> str:
    """What all of these scores share, in words."""
    shared = scores[0].protocol
    lines = [
        f"step {scores[0].step}, weights {shared['weights']}, seed {shared['seed']}",
        f"real samples: {shared['real']}; held out: {shared['held_out']}",
    ]
    looks = next((one.protocol["extractor"] for one in scores if "extractor" in one.protocol), None)
    if looks:
        facts = ", ".join(f"{key} {value}" for key, value in looks.items() if key not in ("use", "digest"))
        named = f"extractor {looks['use']} {looks['digest'][:12]}".strip()
        lines.append(f"{named}: {facts}" if facts else named)
    return "\n".join(lines)
