"""The `ganzoo resume` command."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("resume")
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE ...]")
@click.option("--allow-data-change", is_flag=True, help="Resume even if the data has changed since the run started.")
def command(run: Path, overrides: tuple[str, ...], allow_data_change: bool) -> None:
    """Resume RUN from its newest checkpoint, as if it had never stopped.

    RUN is a run folder, a folder of runs (the newest run is resumed), or a checkpoint folder to resume from. KEY=VALUE
    overrides a setting that may change during a run, such as run.steps, or dataset.path where the data has moved.

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
    report(loop.train(recipe, plugins, opened.folder.parent, start))
