"""Tests that a defect in an installed plugin fails exactly the check for it, with a remedy."""

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
    zoo.add("loss", "good", "planted_losses:Good", summary="Always zero")
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
    "torch": (f"import torch\n{LAZY}", "it registers without torch", "line 1, which delays every `ganzoo list`"),
    "torch by a class": (
        GOOD.replace("import ganzoo", "import ganzoo, ganzoo.interfaces"),
        "it registers without torch",
        'Pass targets as strings, zoo.add("loss", "mine", "acme.losses:Mine", summary="...")',
    ),
    "does not load": ("import not_there", "it loads", "No module named 'not_there'"),
    "no hook": ("import ganzoo", "it implements a hook", "Write ganzoo_register(zoo) in it, with @ganzoo.hookimpl"),
}


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on sys.path, whose modules are unloaded after the test."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "modules", {**sys.modules})
    importlib.invalidate_caches()
    return tmp_path


def broken(plugin: str) -> dict[str, str]:
    """Return {promise: message} of the promises that the plugin as a whole breaks."""
    asked = (check for check in testing.checks(plugin) if str(check).startswith("plugin "))
    return {check.name: message for check, message in findings(asked)}


@pytest.mark.parametrize("defect", BROKEN)
def test_the_checks_for_a_defect_fail_with_a_remedy(defect: str, site: Path) -> None:
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
            "its recipes have a summary",
            "Summarize it in the first line",
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


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ('renamed.dots = "points"\nrenamed.specks = "dots"\nreplaced.points = "points"', ""),
        ('renamed.dots = "pionts"', "renamed.toml names pionts, and there is no such recipe"),
        ('renamed.points = "points"', "calls points a former name, and there is a recipe of that name"),
        ('replaced.dots = "points"', "renamed.toml names dots, and there is no such recipe"),
        ("renamed.dots = 3", "[renamed] is wrong"),
    ],
)
def test_former_names_of_recipes(names: str, words: str, site: Path) -> None:
    install(site, "ganzoo-planted", LAZY + RECIPES)
    (site / "planted_losses.py").write_text(GOOD)
    (site / "recipes").mkdir()
    (site / "recipes" / "points.toml").write_text(RECIPE.replace("LOSS", "hinge"))
    (site / "recipes" / "renamed.toml").write_text(names)
    found = broken("planted")
    assert [*found] == ["its former recipe names lead to recipes"] * bool(words), found
    assert words in "".join(found.values())


def test_modules_passed_directly_do_not_register_in_a_process() -> None:
    from types import ModuleType

    import ganzoo

    module = ModuleType("handed_over")
    module.ganzoo_register = ganzoo.hookimpl(lambda zoo: None)  # type: ignore[attr-defined]
    module.ganzoo_register.__name__ = "ganzoo_register"  # type: ignore[attr-defined]
    plugins = discovery.load({"acme/main": module})
    told = {str(check): check for check in testing.checks("acme", plugins=plugins)}
    with pytest.raises(SkipTest, match="its modules were passed directly"):
        told["plugin acme: it registers without torch"]()


def test_a_similar_name_is_suggested() -> None:
    with pytest.raises(GanzooError, match=r"no plugin 'ganzo' is installed\. Did you mean 'ganzoo'\?"):
        testing.checks("ganzo")
