"""The `ganzoo new` command."""

from __future__ import annotations

from pathlib import Path

import click

from ganzoo.registry.zoo import KINDS
from ganzoo.terminal.output import echo

USUAL = ("generator", "discriminator")


@click.command("new")
@click.argument("name")
@click.option(
    "--kind",
    "kinds",
    type=click.Choice(KINDS),
    metavar="KIND",
    multiple=True,
    help=f"Kind of component to write; repeatable. [{' and '.join(USUAL)}]",
)
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="Folder of the package. [NAME]")
def command(name: str, kinds: tuple[str, ...], out: Path | None) -> None:
    """Create a plugin package for you to edit.

    It contains a working component of each KIND, recipes that use them, conformance tests, a README and a CI workflow.
    NAME is the name of the package, such as ganzoo-swirl; its components are then called swirl.

    \b
    ganzoo new ganzoo-swirl
    ganzoo new ganzoo-swirl --kind dataset --kind loss
    """
    from ganzoo.scaffold import names, package

    plugin = names.named(name)
    folder = out or Path(name)
    written = package.write(plugin, kinds or USUAL, folder)
    for path in written:
        echo(path)
    recipe = next(path.stem for path in written if path.parent.name == "recipes")
    echo(
        f"\nnext:\n  pip install -e '{folder}[test]'\n  ganzoo test {name}\n  ganzoo run {recipe}\n"
        f"then edit {folder / plugin.module}/: the components, their docstrings, and their summaries in __init__.py"
    )
