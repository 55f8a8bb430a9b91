"""The `ganzoo compare` command."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ganzoo.cli import complete_settings, markdown
from ganzoo.cli.complete import of_kind
from ganzoo.errors import RunError, printable
from ganzoo.terminal.output import echo

if TYPE_CHECKING:
    from ganzoo.registry.discovery import Plugins
    from ganzoo.runs.comparison import Cell, Comparison
    from ganzoo.sampling.run import Run


@click.command("compare")
@click.argument(
    "targets",
    nargs=-1,
    required=True,
    metavar="RUN ... | RECIPE [KEY=VALUE ...]",
    shell_complete=complete_settings.of_targets,
)
@click.option(
    "--over",
    multiple=True,
    metavar="KEY=A,B",
    shell_complete=complete_settings.over,
    help="Train with each of these values of a setting; repeat for all combinations.",
)
@click.option(
    "--seeds",
    type=click.IntRange(1, 1000),
    default=1,
    show_default=True,
    help="Number of seeds per combination, starting at the recipe's seed.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default="runs",
    show_default=True,
    help="Folder in which the recipe's run folders are created.",
)
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    metavar="NAME",
    shell_complete=of_kind("metric"),
    help="Metric to compute for every run; repeatable.",
)
@click.option(
    "--extractor",
    metavar="NAME",
    shell_complete=of_kind("extractor"),
    help="Extractor that computes features for the metrics.",
)
@click.option("-n", "samples", type=click.IntRange(min=2), help="Number of samples to evaluate per run.")
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
    """Compare the scores of runs in a Markdown table. A folder of runs stands for all runs in it.

    Runs that differ only in their seed share a row, with mean and standard deviation of each score. Runs without scores
    are evaluated first.

    A RECIPE in place of runs is first trained with every combination of the --over values. Finished runs in --out are
    reused, and unfinished ones are resumed. KEY=VALUE overrides a setting of the recipe.

    \b
    ganzoo compare runs
    ganzoo compare runs/a-... runs/b-...
    ganzoo compare quickstart --over loss.use=hinge,least_squares --seeds 3
    """
    from ganzoo.evaluation import evaluate
    from ganzoo.registry import discovery
    from ganzoo.runs import comparison

    plugins = discovery.load()
    results = [result for name in metrics for result in plugins.zoo.find("metric", name).load().better]
    sweeping = bool(over) or not Path(targets[0]).is_dir()
    runs = _sweep(targets, over, seeds, out, plugins) if sweeping else _open(targets)
    requested = metrics or extractor or samples
    for run in runs:
        if requested or not run.scores():
            echo(f"evaluating {run.folder.name}", err=True)
            evaluate(run, metrics, samples=samples, extractor=extractor, plugins=plugins, progress=_say)
    table = comparison.compare(runs, results)
    echo(json.dumps(asdict(table)) if as_json else _text(table))


def _say(text: str) -> None:
    echo(f"  {text}", err=True)


def _open(targets: tuple[str, ...]) -> list[Run]:
    """Return the runs that are named, and all runs of a folder of runs that have a checkpoint."""
    from ganzoo.runs import layout, retention
    from ganzoo.sampling.run import Run

    runs = []
    for target in targets:
        inside = sorted(file.parent for file in Path(target).glob(f"*/{layout.RESOLVED}"))
        if (Path(target) / layout.RESOLVED).is_file() or not inside:
            runs.append(Run.open(target))
            continue
        for folder in inside:
            if retention.complete(folder / layout.CHECKPOINTS):
                runs.append(Run(folder))
            else:
                echo(printable(f"{folder} is left out: it has no checkpoint"), err=True)
    if not runs:
        raise RunError(f"{', '.join(targets)}: no run has a checkpoint yet. Wait for one, or start again.")
    return runs


def _sweep(targets: tuple[str, ...], over: tuple[str, ...], seeds: int, out: Path, plugins: Plugins) -> list[Run]:
    """Return the runs of all combinations, trained if necessary. A failed one is reported and left out."""
    from ganzoo.errors import Aborted, GanzooError, Interrupted
    from ganzoo.training import sweep

    name, *changes = targets
    runs, failures = [], []
    recipes = sweep.recipes(name, over, seeds, changes, plugins)
    for k, (title, recipe) in enumerate(recipes, 1):
        echo(f"{k} of {len(recipes)}: {title}", err=True)
        try:
            runs.append(sweep.trained(recipe, out, plugins))
        except (Interrupted, Aborted):
            raise
        except GanzooError as error:
            failures.append(error)
            echo(f"{title}: {error.message}", err=True)
    if not runs:
        raise failures[0]
    return runs


def _text(table: Comparison) -> str:
    """Return a Markdown table with aligned columns, and the scores in it that cannot be compared."""
    head = ["setting", "seeds", *(f"{name} {_arrow(table, name)}" for name in table.names)]
    rows = [
        [row.label, str(len(row.seeds)), *(_cell(row.cells.get(name)) for name in table.names)] for row in table.rows
    ]
    floors = {name: cell.floor for row in table.rows for name, cell in row.cells.items()}
    rows.append(["real samples", "", *("" if (f := floors.get(name)) is None else f"{f:.4g}" for name in table.names)])
    lines = [
        *markdown.table(head, rows),
        "",
        "Mean and standard deviation over seeds. Bold: the best, and all within one deviation of it; never runs with",
        "less than a tenth of the real samples' recall.",
    ]
    lines += [
        f"NOT COMPARABLE {name}: its runs differ in {'; '.join(differences)}."
        for name, differences in table.unequal.items()
    ]
    return "\n".join(lines)


def _arrow(table: Comparison, name: str) -> str:
    return markdown.arrow(next(row.cells[name].better for row in table.rows if name in row.cells))


def _cell(cell: Cell | None) -> str:
    if cell is None:
        return ""
    text = f"{cell.mean:.4g}" + (f" ± {cell.spread:.2g}" if len(cell.values) > 1 else "")
    return f"**{text}**" if cell.best else text
