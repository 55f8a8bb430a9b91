"""The `ganzoo suggest` command."""

from __future__ import annotations

import shlex
import time
from pathlib import Path

import click

from ganzoo.terminal.output import echo


@click.command("suggest")
@click.argument("place", metavar="PATH")
@click.argument("settings", nargs=-1, metavar="[SETTING=VALUE ...]")
@click.option(
    "--minutes",
    type=click.FloatRange(min=0.5, max=10_000),
    default=15.0,
    show_default=True,
    help="How long training may take on this machine.",
)
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="File of the recipe. [NAME.toml]")
@click.option("--force", is_flag=True, help="Overwrite the file.")
@click.option(
    "--by", "owner", metavar="OWNER", default="ganzoo", help="Owner of the plugin that suggests the networks."
)
def command(place: str, settings: tuple[str, ...], minutes: float, out: Path | None, force: bool, owner: str) -> None:
    """Write a recipe for the pictures in a folder.

    PATH is a folder of pictures, whose subfolders are classes, or a dataset from `ganzoo data list`, with settings such
    as size=32. Looks at all pictures, times a few steps on this machine, and writes a recipe whose size, networks and
    steps fit the time, with its reasons as comments.

    \b
    ganzoo suggest photos
    ganzoo suggest photos --minutes 60 --out hour.toml
    ganzoo suggest fashion_mnist --minutes 5
    """
    from ganzoo.registry import discovery
    from ganzoo.suggestion import recipe_file, suggest

    name = suggest.name_of(place)
    file = suggest.checked_file(out or Path(f"{name}.toml"), force)
    choice = suggest.choose(
        place, settings, minutes, discovery.load(), owner, lambda line: echo(line, err=True), _seconds_so_far()
    )
    typed = ["ganzoo", "suggest", place, *settings, "--minutes", f"{minutes:g}"]
    suggest.write(file, recipe_file.text(choice, name, shlex.join(typed), str(file)), place)
    echo(f"{choice.pictures.count:,} pictures: {choice.pictures.outlook}.")
    echo(f"{recipe_file.summary(choice)}\n{file}\ntrain it with: ganzoo run {shlex.quote(str(file))}")


def _seconds_so_far() -> float:
    """Return the seconds since this process began; a command that trains needs about as many before it reads data."""
    import psutil

    began: float = psutil.Process().create_time()
    return time.time() - began
