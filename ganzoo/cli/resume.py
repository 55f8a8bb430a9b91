"""ganzoo resume RUN [run.steps=N]"""

from __future__ import annotations

from pathlib import Path

import click


@click.command("resume")
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE ...]")
def command(run: Path, overrides: tuple[str, ...]) -> None:
    """Go on with RUN from its newest checkpoint, as if it had never stopped.

    \b
    ganzoo resume runs/quickstart-20260101-120000-ab12
    ganzoo resume runs/quickstart-20260101-120000-ab12 run.steps=20000
    """
    from ganzoo import discovery, training
    from ganzoo.cli.run import report
    from ganzoo.run import Run

    plugins = discovery.load()
    opened = Run.open(run)
    recipe = opened.recipe(plugins.zoo, overrides)
    report(training.train(recipe, plugins, opened.folder.parent, resume=opened))
