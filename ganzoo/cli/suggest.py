"""The `ganzoo suggest` command."""

from __future__ import annotations

import re
import shlex
import time
from pathlib import Path

import click

from ganzoo.errors import GanzooError
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
    from ganzoo.data.sources import with_home
    from ganzoo.registry import discovery
    from ganzoo.suggestion import pictures, recipe_file
    from ganzoo.suggestion.choice import Chooser
    from ganzoo.utils import atomic

    plugins = discovery.load()
    name = re.sub(r"[^\w.-]+", "_", with_home(place).resolve().name) or "suggested"
    file = out or Path(f"{name}.toml")
    if file.suffix != ".toml":
        raise GanzooError(f"{file}: recipes are written as TOML; end the name in .toml.")
    if file.exists() and not force:
        raise GanzooError(f"{file} exists already, and is left as it is. Give another --out, or --force.")
    echo(f"looking at {place}", err=True)
    seen = pictures.look(place, settings, plugins.zoo)
    chooser = Chooser(plugins, owner, start_up=_seconds_so_far(), say=lambda line: echo(line, err=True))
    choice = chooser.choose(seen, minutes)
    typed = ["ganzoo", "suggest", place, *settings, "--minutes", f"{minutes:g}"]
    text = recipe_file.text(choice, name, shlex.join(typed), str(file))
    try:
        atomic.write_file(file, text.encode())
    except UnicodeEncodeError as error:
        raise GanzooError(f"{place!r}: recipes are UTF-8, and this name is not. Rename the folder.") from error
    except OSError as error:
        raise GanzooError(f"{file}: {error.strerror}. Give another place by --out.") from error
    echo(f"{seen.count:,} pictures: {seen.outlook}.")
    echo(f"{recipe_file.summary(choice)}\n{file}\ntrain it with: ganzoo run {shlex.quote(str(file))}")


def _seconds_so_far() -> float:
    """Return the seconds since this process began; a command that trains needs about as many before it reads data."""
    import psutil

    began: float = psutil.Process().create_time()
    return time.time() - began
