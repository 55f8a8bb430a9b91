"""The `ganzoo compare` command."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ganzoo.cli import comparison_files, complete_settings, markdown
from ganzoo.cli.complete import of_kind
from ganzoo.errors import RecipeError, RunError, printable
from ganzoo.terminal.output import echo

if TYPE_CHECKING:
    from ganzoo.registry.discovery import Plugins
    from ganzoo.runs.comparison import Cell, Comparison
    from ganzoo.sampling.run import Run
    from ganzoo.sweeps.scoring import Scoring
    from ganzoo.sweeps.trials import Sweep


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
@click.option(
    "--jobs",
    type=click.IntRange(1, 1000),
    default=1,
    show_default=True,
    help="Number of trainings at once on this machine.",
)
@click.option(
    "--claim",
    is_flag=True,
    help="Share the trainings with all processes that run this command, here and on machines with the same disk.",
)
@click.option(
    "--on",
    "system",
    type=click.Choice(["slurm", "local"]),
    help="Submit the trainings as --jobs jobs of this batch system, and return.",
)
@click.option(
    "--job",
    "parameters",
    multiple=True,
    metavar="KEY=VALUE",
    help="Parameter of a submitted job, as submitit names it: timeout_min=60, slurm_partition=gpu; repeatable.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@comparison_files.options
def command(
    targets: tuple[str, ...],
    over: tuple[str, ...],
    seeds: int,
    out: Path,
    metrics: tuple[str, ...],
    extractor: str | None,
    samples: int | None,
    jobs: int,
    claim: bool,
    system: str | None,
    parameters: tuple[str, ...],
    as_json: bool,
    **files: Any,
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
    ganzoo compare quickstart --over optimizer.lr=1e-4,1e-3 --seeds 3 --jobs 2
    ganzoo compare quickstart --seeds 9 --jobs 3 --on slurm --job timeout_min=60
    ganzoo compare runs --plot scores.pdf --latex scores.tex
    """
    from ganzoo.registry import discovery
    from ganzoo.runs import comparison
    from ganzoo.sweeps.jobs import sweep_runs
    from ganzoo.sweeps.scoring import Scoring
    from ganzoo.sweeps.trials import Sweep

    requested_files = comparison_files.Files(**files)
    requested_files.check()
    plugins = discovery.load()
    results = tuple(result for name in metrics for result in plugins.zoo.find("metric", name).load().better)
    scoring = Scoring(metrics, results, extractor, samples)
    if over or not Path(targets[0]).is_dir():
        sweep = Sweep(targets[0], targets[1:], over, seeds, out)
        if system:
            _submit(sweep, scoring, plugins, jobs, system, parameters)
            return
        runs = sweep_runs(sweep, scoring, plugins, _say, jobs, claim)
    elif jobs > 1 or claim or system:
        raise RecipeError("--jobs, --claim and --on train a recipe: name one in place of the runs.")
    else:
        runs = _scored(_open(targets), scoring, plugins)
    table = comparison.compare(runs, results)
    echo(json.dumps(asdict(table)) if as_json else _text(table))
    requested_files.write(runs, table)


def _say(text: str) -> None:
    echo(printable(text), err=True)


def _submit(
    sweep: Sweep, scoring: Scoring, plugins: Plugins, jobs: int, system: str, parameters: tuple[str, ...]
) -> None:
    """Submit the workers of a sweep to a batch system, after all recipes were read."""
    from ganzoo.sweeps import batch
    from ganzoo.sweeps import jobs as processes
    from ganzoo.sweeps.trials import trials

    number = len(trials(sweep, plugins))
    words = processes.command(sweep, scoring)
    submitted = batch.submit(words, sweep.out, jobs, system, batch.settings(parameters))
    _say(f"{number} trainings for {len(submitted)} jobs of {system}: {', '.join(submitted)}")
    _say(f"their states: ganzoo runs {sweep.out}\nthe table, when they are done: the same command without --on")


def _scored(runs: list[Run], scoring: Scoring, plugins: Plugins) -> list[Run]:
    """Return runs after computing the scores that are asked for, or all of runs that have none."""
    for run in runs:
        if scoring.is_asked or not run.scores():
            echo(f"evaluating {run.folder.name}", err=True)
            scoring.compute(run, plugins, _say)
    return runs


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
