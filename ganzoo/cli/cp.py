"""The `ganzoo cp` command."""

from __future__ import annotations

from pathlib import Path

import click

from ganzoo.cli.complete import recipes
from ganzoo.config import locate
from ganzoo.errors import GanzooError
from ganzoo.registry import discovery
from ganzoo.terminal.output import echo


@click.command("cp")
@click.argument("recipe", shell_complete=recipes)
@click.argument("file", type=click.Path(path_type=Path))
def command(recipe: str, file: Path) -> None:
    """Copy RECIPE to FILE, for you to edit and to train by `ganzoo run FILE`.

    Never overwrites an existing file.

    \b
    ganzoo cp quickstart mine.toml
    """
    source = locate.find(recipe, discovery.load())
    target = file / source.name if file.is_dir() else file
    target = target if target.suffix else target.with_suffix(source.suffix)
    if target.suffix != source.suffix:
        raise GanzooError(
            f"{target}: {source.name} is {source.suffix[1:].upper()}; end the copy in {source.suffix} too."
        )
    try:
        text = source.read_bytes()
        with target.open("xb") as copy:
            copy.write(text)
    except FileExistsError:
        raise GanzooError(f"{target} exists already, and is left as it is. Give another name.") from None
    except OSError as error:
        raise GanzooError(f"{error.filename}: {error.strerror}. Give another place.") from error
    echo(f"{target}\ntrain it with: ganzoo run {target}")
    if target.suffix == ".toml" and not (schema := target.with_name("ganzoo.schema.json")).exists():
        echo(f"for completion in an editor: ganzoo schema --out {schema}")
