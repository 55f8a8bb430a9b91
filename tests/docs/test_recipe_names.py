"""Every recipe that a help text, a docstring, a page or a recipe's header names exists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from ganzoo.cli import cli
from ganzoo.registry import discovery
from helpers.pages import EXAMPLES, PAGES, TOP

RECIPES = {path.stem for path in [*TOP.glob("recipes/*.toml"), *TOP.glob("docs/examples/**/recipes/*.toml")]}
TAKES_A_RECIPE = re.compile(r"\bganzoo (run|check|cp|show|bench|compare|export|report) ([\w./-]+)")
FILE = re.compile(r"\brecipes/(\w+)\.toml\b")
NO_RECIPE = {"run", "evaluate", "about"}  # tables that `ganzoo show` documents
MADE_BY_THE_TEXT = {
    "swirl": "the recipe of the package that the tutorial writes",
    "pairing": "the component that write-a-plugin.md registers",
    "pearson": "the loss that an example package registers",
}


def helps(command: click.Command, path: str = "ganzoo") -> Iterator[tuple[str, str]]:
    """Yield (place, text) of the help of a command and of all commands below it."""
    context = click.Context(command, info_name=path, **cli.context_settings)
    yield f"{path} --help", command.get_help(context)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below
            yield from helps(below, f"{path} {name}")


def texts() -> Iterator[tuple[str, str]]:
    """Yield (place, text) of everything that may name a recipe."""
    yield from helps(cli)
    files = [*PAGES, *EXAMPLES, *(TOP / "recipes").glob("*.toml")]
    files += [path for root in ("ganzoo", "plugins", "benchmarks") for path in (TOP / root).rglob("*.py")]
    for file in files:
        yield str(file.relative_to(TOP)), file.read_text()


def unknown(text: str) -> set[str]:
    """Return the names in a text that should be recipes and are not."""
    components = {entry.name for entry in discovery.load().zoo}
    recipes = {name for name in FILE.findall(text) if not name.isupper()}
    for command, name in TAKES_A_RECIPE.findall(text):
        name = name.rstrip(".,")
        is_path = not name or Path(name).suffix or "/" in name or name.startswith(("runs", "-"))
        is_component = command == "show" and name in components
        if not (is_path or is_component or name.isupper() or name in NO_RECIPE):
            recipes.add(name)
    return recipes - RECIPES - MADE_BY_THE_TEXT.keys()


def test_every_recipe_that_a_text_names_exists() -> None:
    assert {place: names for place, text in texts() if (names := unknown(text))} == {}


@pytest.mark.parametrize("text", ["ganzoo compare dcgan_digits --over a=1,2", "see recipes/dcgan_digits.toml"])
def test_a_recipe_that_is_none_is_found(text: str) -> None:
    assert unknown(text) == {"dcgan_digits"}
