"""Shell completion of commands, recipes and components, those of plugins included."""

from __future__ import annotations

from pathlib import Path

import pytest

from ganzoo.config import locate
from ganzoo.registry import discovery
from helpers.commands import shell
from helpers.packages import GOOD, install


def completed(line: str, site: Path | None = None) -> list[str]:
    """Return the completions of the last word of a line."""
    words = line.split(" ")
    done = shell(site=site, _GANZOO_COMPLETE="bash_complete", COMP_WORDS=line, COMP_CWORD=str(len(words) - 1))
    assert done.returncode == 0, done.stderr
    return [offer.partition(",")[2] for offer in done.stdout.splitlines()]


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_the_script_for_a_shell(name: str) -> None:
    assert f"_GANZOO_COMPLETE={name}_complete" in shell(_GANZOO_COMPLETE=f"{name}_source").stdout


def test_verbs() -> None:
    assert completed("ganzoo c") == ["compare", "check", "cp"]


@pytest.mark.parametrize("verb", ["run", "check", "cp"])
def test_recipes(verb: str) -> None:
    assert completed(f"ganzoo {verb} ") == [recipe.name for recipe in locate.recipes(discovery.load())]


def test_components_and_recipes() -> None:
    offered = completed("ganzoo show g")
    assert {"glyphs", "gradient_penalty", "grid"} <= set(offered)
    assert all(name.startswith("g") for name in offered)


def test_a_plugin_s_components_beside_a_broken_one(tmp_path: Path) -> None:
    install(tmp_path, "ganzoo-acme", GOOD.replace('"good"', '"goodness"'))
    install(tmp_path, "ganzoo-broken", "import not_there")
    assert completed("ganzoo show goodn", tmp_path) == ["goodness"]
