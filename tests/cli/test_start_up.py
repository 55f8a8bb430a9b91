"""Commands that only read names start quickly: they import neither torch nor other slow packages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from ganzoo.cli import cli
from ganzoo.config import locate
from ganzoo.registry import discovery
from helpers.commands import shell
from helpers.packages import install

STRANGER = """
import ganzoo

@ganzoo.hookimpl
def ganzoo_register(zoo):
    zoo.add("loss", "strange", "strange_loss:Strange", summary="A loss")
"""


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command and subcommand there is."""
    yield path
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        yield from commands(command, (*path, name)) if isinstance(command, click.Group) else [(*path, name)]


def assert_light(*arguments: str, site: Path | None = None, **environment: str) -> str:
    done = shell(*arguments, site=site, **environment)
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-1] == "imported:"
    return done.stdout


@pytest.mark.parametrize("path", [pytest.param(path, id=" ".join(path)) for path in commands(cli)])
def test_help(path: tuple[str, ...]) -> None:
    assert "Usage: ganzoo" in assert_light(*path, "--help")


@pytest.mark.parametrize(
    "arguments", ["list", "list --json", "list loss hinge", "plugins", "plugins --json", "--version"]
)
def test_browsing(arguments: str) -> None:
    assert assert_light(*arguments.split())


@pytest.mark.parametrize("kind", sorted({entry.kind for entry in discovery.load().zoo}))
def test_showing_a_component(kind: str) -> None:
    entry = discovery.load().zoo.entries(kind)[0]
    assert f"{kind} {entry.name}" in assert_light("show", entry.name, "--kind", kind)


def test_showing_a_recipe() -> None:
    for recipe in locate.recipes(discovery.load())[:2]:
        assert "[optimizer]" in assert_light("show", recipe.name)


def test_copying_a_recipe(tmp_path: Path) -> None:
    assert_light("cp", "quickstart", str(tmp_path / "mine.toml"))


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("r", "plain,run"),
        ("run quick", "plain,quickstart"),
        ("show adv", "plain,adversarial"),
        ("data c", "plain,check"),
    ],
)
def test_completing(typed: str, offered: str) -> None:
    words = f"ganzoo {typed}"
    shown = assert_light(_GANZOO_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=str(len(words.split()) - 1))
    assert offered in shown.splitlines()


def test_a_plugin_that_names_its_components_by_text_stays_light(tmp_path: Path) -> None:
    install(tmp_path, "ganzoo-stranger", STRANGER)
    (tmp_path / "strange_loss.py").write_text(
        "import torch\nclass Strange:\n    def __init__(self, weight: float = 1.5): ...\n"
    )
    assert "strange" in assert_light("list", "loss", site=tmp_path)
    assert "weight = 1.5  float" in assert_light("show", "strange", site=tmp_path)
