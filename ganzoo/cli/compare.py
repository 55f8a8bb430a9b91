"""The `ganzoo compare` command."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ganzoo.cli.complete import of_kind

if TYPE_CHECKING:
    from ganzoo.registry.discovery import Plugins
    from ganzoo.runs.comparison import Cell, Comparison
    from ganzoo.sampling.run import Run


@click.command("compare")
@click.argument("targets", nargs=-1, required=True, metavar="RUN ... | RECIPE [KEY=VALUE ...]")
@click.option("--over", multiple=True, metavar="KEY=A,B", help="Setting and its values; repeatable.")
@click.option("--seeds", type=click.IntRange(1, 1000), default=1, show_default=True, help="Number of seeds per value.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default="runs",
    show_default=True,
    help="Folder of the recipe's runs.",
)
@click.option(
    "--metric", "metrics", multiple=True, metavar="NAME", shell_complete=of_kind("metric"), help="Metric; repeatable."
)
@click.option("--extractor", metavar="NAME", shell_complete=of_kind("extractor"), help="Feature extractor.")
@click.option("-n", "samples", type=click.IntRange(min=2), help="Number of samples per run.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(
    targets: tuple[str, ...],
    over: tuple[str, ...],
    seeds: int,
    out: Path,
    metrics: tuple[str, ...],
    extractor: str | None,
    samples: int | None,
    as_json: bool,
) -> None:
    """Compare runs: a Markdown table with mean and standard deviation of each score over seeds.

    RUNs are compared by their scores; a run without scores is evaluated first. A RECIPE is trained with every value of
    --over and several seeds first; finished runs in --out are reused.

    \b
    ganzoo compare runs/a-... runs/b-...
    ganzoo compare quickstart --over loss.use=hinge,least_squares --seeds 3
    """
    from ganzoo.evaluation import evaluate
    from ganzoo.registry import discovery
    from ganzoo.runs import comparison

    plugins = discovery.load()
    results = [result for name in metrics for result in plugins.zoo.find("metric", name).load().better]
    sweeping = bool(over) or not Path(targets[0]).is_dir()
    runs = _sweep(targets, over, seeds, out, plugins) if sweeping else _opened(targets)
    asked = metrics or extractor or samples
    for run in runs:
        if asked or not run.scores():
            click.echo(f"judging {run.folder.name}", err=True)
            evaluate(run, metrics, samples=samples, extractor=extractor, plugins=plugins)
    found = comparison.compare(runs, results)
    click.echo(json.dumps(asdict(found)) if as_json else _text(found))


def _opened(targets: tuple[str, ...]) -> list[Run]:
    from ganzoo.sampling.run import Run

    return [Run.open(target) for target in targets]


def _sweep(targets: tuple[str, ...], over: tuple[str, ...], seeds: int, out: Path, plugins: Plugins) -> list[Run]:
    """Train what is not trained; what fails is told, and costs its own row only."""
    from ganzoo.errors import Aborted, GanzooError, Interrupted
    from ganzoo.training import sweep

    name, *changes = targets
    runs, failures = [], []
    wanted = sweep.recipes(name, over, seeds, changes, plugins)
    for k, (called, recipe) in enumerate(wanted, 1):
        click.echo(f"{k} of {len(wanted)}: {called}", err=True)
        try:
            runs.append(sweep.trained(recipe, out, plugins))
        except (Interrupted, Aborted):
            raise
        except GanzooError as error:
            failures.append(error)
            click.echo(f"{called}: {error.message}", err=True)
    if not runs:
        raise failures[0]
    return runs


def _text(found: Comparison) -> str:
    """A Markdown table that reads well as it is, and what cannot be compared in it."""
    head = ["setting", "seeds", *(f"{name} {_arrow(found, name)}" for name in found.names)]
    rows = [
        [row.label, str(len(row.seeds)), *(_cell(row.cells.get(name)) for name in found.names)] for row in found.rows
    ]
    floors = {name: cell.floor for row in found.rows for name, cell in row.cells.items()}
    rows.append(["real samples", "", *("" if (f := floors.get(name)) is None else f"{f:.4g}" for name in found.names)])
    widths = [max(len(line[k]) for line in [head, *rows]) for k in range(len(head))]
    rule = ["-" * width if k == 0 else "-" * (width - 1) + ":" for k, width in enumerate(widths)]
    lines = [_line(head, widths), _line(rule, widths), *(_line(row, widths) for row in rows)]
    lines += ["", "Mean and standard deviation over seeds; bold: the best, and what its spread does not tell from it."]
    lines += [f"NOT COMPARABLE {name}: its runs differ in {'; '.join(what)}." for name, what in found.unequal.items()]
    return "\n".join(lines)


def _arrow(found: Comparison, name: str) -> str:
    better = next(row.cells[name].better for row in found.rows if name in row.cells)
    return {"lower": "↓", "higher": "↑"}.get(better, "")


def _cell(cell: Cell | None) -> str:
    if cell is None:
        return ""
    text = f"{cell.mean:.4g}" + (f" ± {cell.spread:.2g}" if len(cell.values) > 1 else "")
    return f"**{text}**" if cell.best else text


def _line(cells: list[str], widths: list[int]) -> str:
    padded = [
        cell.ljust(width) if k == 0 else cell.rjust(width)
        for k, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return f"| {' | '.join(padded)} |"
