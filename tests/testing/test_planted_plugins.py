"""Plugins as a whole, installed in a folder: what is asked of each, and what is said of one planted defect."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from unittest import SkipTest

import pytest

from ganzoo import testing
from ganzoo.errors import GanzooError
from ganzoo.registry import discovery
from helpers.packages import GOOD, install
from helpers.planted import findings

LAZY = """
import ganzoo
from pathlib import Path

@ganzoo.hookimpl
def ganzoo_register(zoo):
    zoo.add("loss", "good", "planted_losses:Good", summary="Always nought")
"""
RECIPES = """
@ganzoo.hookimpl
def ganzoo_recipes():
    return Path(__file__).parent / "recipes"
"""
RECIPE = """# Points, as a plugin has them
run.steps = 2
dataset.use = "ring"
procedure.use = "adversarial"
generator.use = "mlp"
discriminator.use = "mlp"
loss.use = "LOSS"
optimizer.use = "adam"
"""
BROKEN: dict[str, tuple[str, str, str]] = {
    "sound": (LAZY, "", ""),
    "torch": (f"import torch\n{LAZY}", "it registers without torch", "line 1, so that every `ganzoo list` waits"),
    "torch by a class": (
        GOOD.replace("import ganzoo", "import ganzoo, ganzoo.interfaces"),
        "it registers without torch",
        'Name targets as text, zoo.add("loss", "mine", "acme.losses:Mine", summary="...")',
    ),
    "does not load": ("import not_there", "it loads", "No module named 'not_there'"),
    "no hook": ("import ganzoo", "it offers something", "Write ganzoo_register(zoo) in it, with @ganzoo.hookimpl"),
}


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on sys.path; modules of plugins in it are forgotten afterwards."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "modules", {**sys.modules})
    importlib.invalidate_caches()
    return tmp_path


def broken(plugin: str) -> dict[str, str]:
    """Promise -> message, of the plugin as a whole."""
    asked = (check for check in testing.checks(plugin) if str(check).startswith("plugin "))
    return {check.name: message for check, message in findings(asked)}


@pytest.mark.parametrize("defect", BROKEN)
def test_the_checks_that_it_concerns_break_and_say_what_to_change(defect: str, site: Path) -> None:
    source, name, words = BROKEN[defect]
    install(site, "ganzoo-planted", source)
    (site / "planted_losses.py").write_text(GOOD)
    found = broken("ganzoo-planted")
    assert [*found] == [name] * bool(name), found
    assert words in "".join(found.values())


@pytest.mark.parametrize(
    ("recipe", "name", "words"),
    [
        (RECIPE.replace("LOSS", "planted/good"), "", ""),
        (RECIPE.replace("LOSS", "godo"), "its recipes can be used", "no loss named 'godo'."),
        (
            RECIPE.replace("LOSS", "hinge").partition("\n")[2],
            "its recipes say what they are",
            "Let its first line say what it is",
        ),
    ],
)
def test_recipes(recipe: str, name: str, words: str, site: Path) -> None:
    install(site, "ganzoo-planted", LAZY + RECIPES)
    (site / "planted_losses.py").write_text(GOOD)
    (site / "recipes").mkdir()
    (site / "recipes" / "points.toml").write_text(recipe)
    found = broken("planted")
    assert [*found] == [name] * bool(name), found
    assert words in "".join(found.values())


def test_modules_that_were_handed_over_are_not_asked_to_register_by_themselves() -> None:
    from types import ModuleType

    import ganzoo

    module = ModuleType("handed_over")
    module.ganzoo_register = ganzoo.hookimpl(lambda zoo: None)  # type: ignore[attr-defined]
    module.ganzoo_register.__name__ = "ganzoo_register"  # type: ignore[attr-defined]
    plugins = discovery.load({"acme/main": module})
    told = {str(check): check for check in testing.checks("acme", plugins=plugins)}
    with pytest.raises(SkipTest, match="its modules were handed over"):
        told["plugin acme: it registers without torch"]()


def test_a_near_name_is_offered() -> None:
    with pytest.raises(GanzooError, match=r"no plugin 'ganzo' is installed\. Did you mean 'ganzoo'\?"):
        testing.checks("ganzo")
