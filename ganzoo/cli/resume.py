"""The `ganzoo resume` command."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ganzoo.cli import complete, complete_settings
from ganzoo.errors import printable
from ganzoo.terminal.output import echo

if TYPE_CHECKING:
    from ganzoo.config.recipe import Recipe
    from ganzoo.runs.resume import Start


@click.command("resume")
@click.argument("run", type=click.Path(path_type=Path), shell_complete=complete.runs)
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE ...]", shell_complete=complete_settings.of_run)
@click.option("--allow-data-change", is_flag=True, help="Resume even if the data has changed since the run started.")
def command(run: Path, overrides: tuple[str, ...], allow_data_change: bool) -> None:
    """Resume RUN from its newest checkpoint, as if it had never stopped.

    RUN is a run folder, a folder of runs (the newest run is resumed), or a checkpoint folder to resume from. KEY=VALUE
    overrides a setting that may change during a run, such as run.steps, or dataset.path where the data has moved. A
    finished run stays as it is, unless run.steps or run.epochs is more than before, or evaluate.patience where that
    ended it.

    \b
    ganzoo resume runs/quickstart-20260101-120000-ab12
    ganzoo resume runs/quickstart-20260101-120000-ab12 run.steps=20000
    ganzoo resume runs/quickstart-20260101-120000-ab12/checkpoints/step-00000950
    """
    from ganzoo.cli.run import report, say_loading

    say_loading()
    from ganzoo.registry import discovery
    from ganzoo.runs import resume
    from ganzoo.sampling.run import Run
    from ganzoo.training import loop

    plugins = discovery.load()
    opened, chosen = Run.find(run)
    recipe = opened.recipe(plugins.zoo, overrides)
    start = resume.at(opened, chosen, allow_data_change)
    if resume.is_finished(start, recipe):
        _say_finished(start, recipe)
        report(opened)
    else:
        report(loop.train(recipe, plugins, opened.folder.parent, start))


def _say_finished(start: Start, recipe: Recipe) -> None:
    """Say that there is nothing to train, and how to train longer."""
    from ganzoo.runs import retention
    from ganzoo.utils import distributed

    unit, length = ("steps", recipe.run.steps) if recipe.run.steps is not None else ("epochs", recipe.run.epochs)
    folder, step = start.run.folder, retention.step_of(start.checkpoint)
    more = f"run.{unit}={2 * (length or 1)}"
    if start.run.status.get("ended"):  # by patience, which more steps alone do not change
        more = f"evaluate.patience={2 * (recipe.evaluate.patience or 1)}"
    how = f"ganzoo resume {shlex.quote(str(folder))} {more}"
    if distributed.is_main():
        echo(printable(f"{folder} is finished, at step {step:,}: nothing was trained.\nTrain longer: {how}"), err=True)
