"""The `ganzoo run` command."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ganzoo.cli import complete_settings
from ganzoo.cli.complete import recipes
from ganzoo.errors import printable
from ganzoo.terminal.output import echo

if TYPE_CHECKING:
    from ganzoo.config.recipe import Recipe
    from ganzoo.registry.discovery import Plugins
    from ganzoo.sampling.run import Run


@click.command("run")
@click.argument("recipe", shell_complete=recipes)
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE ...]", shell_complete=complete_settings.of_recipe)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default="runs",
    show_default=True,
    help="Folder in which the run folder is created.",
)
@click.option(
    "--resume",
    is_flag=True,
    help="Resume the newest unfinished run of this recipe in --out, also with other values of settings that may change "
    "during a run; start a new run, and say why, if there is none.",
)
@click.option("--allow-data-change", is_flag=True, help="Resume even if the data has changed since the run started.")
def command(recipe: str, overrides: tuple[str, ...], out: Path, resume: bool, allow_data_change: bool) -> None:
    """Train RECIPE, a name from `ganzoo list recipe` or the path of a .toml or .json file.

    KEY=VALUE overrides a setting of the recipe. Ctrl-C saves a checkpoint after the current step and stops; `ganzoo
    resume` continues from it.

    \b
    ganzoo run quickstart
    ganzoo run quickstart run.steps=500 generator.z_dim=32
    ganzoo run quickstart dataset.use=fashion_mnist
    torchrun --standalone --nproc_per_node 2 -m ganzoo run quickstart
    """
    say_loading()
    from ganzoo.registry import discovery
    from ganzoo.runs.resume import at_newest_whole, to_continue
    from ganzoo.training import loop

    plugins = discovery.load()
    parsed = read_recipe(recipe, overrides, plugins)
    begun, reasons = to_continue(out, parsed, plugins.zoo) if resume else (None, [])
    if resume and not begun:
        lines = [f"no unfinished run of this recipe in {out}: starting a new one", *reasons]
        echo(printable("\n  ".join(lines)), err=True)
        if reasons and not parsed.run.start:
            echo("  (run.start=RUN begins with the weights of one of them)", err=True)
    start = at_newest_whole(begun, allow_data_change) if begun else None
    report(loop.train(parsed, plugins, out, start))


def say_loading() -> None:
    """Say, before PyTorch is imported, that the command is at work."""
    is_main = os.environ.get("RANK") in (None, "", "0")  # one of several processes says it
    if is_main and "torch" not in sys.modules:
        echo("loading PyTorch", err=True)


def read_recipe(name: str, overrides: Sequence[str], plugins: Plugins) -> Recipe:
    """Read a recipe, and print remarks about the settings that its overrides dropped."""
    from ganzoo.config import locate, resolver

    recipe, remarks = resolver.read(locate.find(name, plugins), overrides, plugins.zoo)
    for remark in remarks:
        echo(remark, err=True)
    return recipe


def report(run: Run) -> None:
    """Print the paths of the samples and the checkpoint."""
    from ganzoo.utils import distributed

    if distributed.is_main():
        grid = max(run.samples.glob("step-*.png"), default=run.samples)
        echo(f"samples:    {grid}\ncheckpoint: {run.latest}\nmore:       ganzoo sample {run.folder} -n 64")
