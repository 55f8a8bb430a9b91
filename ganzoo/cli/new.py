"""ganzoo new NAME [--kind KIND ...] [--out DIR]"""

from __future__ import annotations

from pathlib import Path

import click

from ganzoo.registry.zoo import KINDS

USUAL = ("generator", "discriminator")


@click.command("new")
@click.argument("name")
@click.option(
    "--kind",
    "kinds",
    type=click.Choice(KINDS),
    metavar="KIND",
    multiple=True,
    help=f"What it adds; repeat it for several. [default: {' and '.join(USUAL)}]",
)
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="The package's folder. [default: NAME]")
def command(name: str, kinds: tuple[str, ...], out: Path | None) -> None:
    """Write a package that plugs into ganzoo: a component of each KIND that works, a recipe, tests.

    NAME is the package's, such as ganzoo-swirl; its components are called swirl. Edit them, and it is yours.

    \b
    ganzoo new ganzoo-swirl
    ganzoo new ganzoo-swirl --kind dataset --kind loss
    """
    from ganzoo.scaffold import names, package

    made = names.named(name)
    folder = out or Path(name)
    written = package.write(made, kinds or USUAL, folder)
    for path in written:
        click.echo(path)
    recipe = next(path.stem for path in written if path.parent.name == "recipes")
    click.echo(
        f"\nnext:\n  pip install -e '{folder}[test]'\n  ganzoo test {name}\n  ganzoo run {recipe}\n"
        f"then edit {folder / made.module}/: what it is, its docstring, and the summary in __init__.py"
    )
