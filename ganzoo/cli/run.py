"""The `ganzoo run` command."""

from __future__ import annotations

from pathlib import Path

import click

from ganzoo.cli.complete import recipes


@click.command("run")
@click.argument("recipe", shell_complete=recipes)
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE ...]")
@click.option(
    "--out", type=click.Path(path_type=Path), default="runs", show_default=True, help="Parent of the run folder."
)
@click.option("--resume", is_flag=True, help="Resume this recipe's newest unfinished run in --out, if there is one.")
@click.option("--allow-data-change", is_flag=True, help="Resume even if the data have changed since the start.")
def command(recipe: str, overrides: tuple[str, ...], out: Path, resume: bool, allow_data_change: bool) -> None:
    """Train RECIPE: a name from `ganzoo list recipe`, or a path to a .toml or .json file.

    \b
    ganzoo run quickstart
    ganzoo run quickstart run.steps=500 generator.z_dim=32
    ganzoo run quickstart dataset.use=fashion_mnist
    torchrun --standalone --nproc_per_node 2 -m ganzoo run quickstart
    """
    from ganzoo.config import locate, resolver
    from ganzoo.registry import discovery
    from ganzoo.runs.resume import at_newest_whole, unfinished
    from ganzoo.training import loop

    plugins = discovery.load()
    found, remarks = resolver.read(locate.find(recipe, plugins), overrides, plugins.zoo)
    for remark in remarks:
        click.echo(remark, err=True)
    begun = unfinished(out, found, plugins.zoo) if resume else None
    if resume and not begun:
        click.echo(f"no unfinished run of this recipe in {out}: starting a new one", err=True)
    start = at_newest_whole(begun, allow_data_change) if begun else None
    report(loop.train(found, plugins, out, start))


def report(run) -> None:  # type: ignore[no-untyped-def]
    """Print the paths of the samples and the checkpoint."""
    from ganzoo.utils import distributed

    if distributed.is_main():
        grid = max(run.samples.glob("step-*.png"), default=run.samples)
        click.echo(f"samples:    {grid}\ncheckpoint: {run.latest}\nmore:       ganzoo sample {run.folder} -n 64")
