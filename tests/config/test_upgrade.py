"""Tables of earlier versions: rewritten by the component's own function, wherever a table is read."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

from ganzoo import GanzooError, Loss, Zoo
from ganzoo.config import resolver
from ganzoo.config.defaults import fill, upgrade_resolved
from ganzoo.config.upgrade import upgraded
from ganzoo.errors import RecipeError
from ganzoo.registry.versions import Deprecated
from helpers.support import PLUGINS, TINY

Table = dict[str, Any]
REMARK = "loss hinges: threshold is now margin, and goes in ganzoo-acme 0.3"


class Hinges(Loss):
    """A hinge, by whose side samples lie."""

    def __init__(self, margin: float = 1.0):
        self.margin = margin

    def discriminator(self, real: Any, fake: Any) -> Any:
        return (self.margin - real + fake).relu().mean()

    def generator(self, real: Any, fake: Any) -> Any:
        return -fake.mean()


class Slopes(Hinges):
    """Another loss, which was a setting of the first."""


class Step:
    """An optimizer with one setting."""

    def __init__(self, params: Any, lr: float):
        self.lr = lr


def _renamed(table: Table, old: str, new: str) -> Table:
    return {new if key == old else key: value for key, value in table.items()}


def renamed(table: Table) -> tuple[Table, str]:
    return (_renamed(table, "threshold", "margin"), REMARK) if "threshold" in table else (table, "")


def split(table: Table) -> tuple[Table, str]:
    """First of two versions: one setting became a component, then a setting of that one changed its name."""
    if table.get("kind") == "slopes":
        return {"use": "slopes", "threshold": table.get("threshold", 1.0)}, "loss hinges: kind is now a loss of its own"
    return table, ""


def failing(table: Table) -> tuple[Table, str]:
    raise KeyError("margin")


def restless(table: Table) -> tuple[Table, str]:
    return {**table, "margin": table.get("margin", 0) + 1}, "once more"


def refusing(table: Table) -> tuple[Table, str]:
    raise GanzooError("kind is gone: write a loss of your own.")


def zoo(upgrade: Any, **more: Any) -> Zoo:
    acme = Zoo("acme")
    acme.add("loss", "hinges", Hinges, upgrade=upgrade, **more)
    acme.add("loss", "slopes", Slopes, upgrade=renamed)
    whole = Zoo()
    whole.merge(PLUGINS.zoo)
    whole.merge(acme)
    return whole


def remarks(told: list[warnings.WarningMessage]) -> list[str]:
    return [str(one.message) for one in told if issubclass(one.category, Deprecated)]


@pytest.mark.parametrize("upgrade", [renamed, "test_upgrade:renamed"], ids=["function", "module:function"])
def test_an_old_setting_is_rewritten_with_one_warning(upgrade: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(__file__).rpartition("/")[0])
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        entry, settings = upgraded("loss", {"use": "hinges", "threshold": 0.5}, zoo(upgrade))
    assert (entry.full_name, settings) == ("acme/hinges", {"margin": 0.5})
    assert remarks(told) == [REMARK]


def test_a_table_in_today_s_spelling_is_left_alone_without_a_warning(recwarn: pytest.WarningsRecorder) -> None:
    table = {"use": "acme/hinges", "margin": 0.5}
    entry, settings = upgraded("loss", table, zoo(renamed))
    assert (entry.full_name, settings) == ("acme/hinges", {"margin": 0.5})
    assert table == {"use": "acme/hinges", "margin": 0.5}
    assert not recwarn.list


def test_another_component_is_one_of_the_same_owner_and_has_its_own_upgrade() -> None:
    """Twice old: every version's function sees what the one before made of the table."""
    crowded = zoo(split)
    stranger = Zoo("other")
    stranger.add("loss", "slopes", Slopes)
    crowded.merge(stranger)  # "slopes" alone would be either
    with pytest.warns(Deprecated) as told:
        entry, settings = upgraded("loss", {"use": "hinges", "kind": "slopes", "threshold": 2.0}, crowded)
    assert (entry.full_name, settings) == ("acme/slopes", {"margin": 2.0})
    assert remarks(list(told)) == ["loss hinges: kind is now a loss of its own", REMARK]


def test_a_name_that_goes_warns_of_its_upgrade_alone() -> None:
    def moved(table: Table) -> tuple[Table, str]:
        return {**table, "use": "slopes"}, "loss hinges is now loss slopes"

    with pytest.warns(Deprecated) as told:
        recipe = resolver.resolve(
            {**TINY, "loss": {"use": "hinges"}}, zoo(moved, deprecated='use "slopes"'), "old", name="old"
        )
    assert remarks(list(told)) == ["loss hinges is now loss slopes"]
    assert recipe.resolved()["loss"] == {"use": "acme/slopes", "margin": 1.0}


def test_recipes_exports_and_filled_tables_are_rewritten() -> None:
    old = {**TINY, "loss": {"use": "hinges", "threshold": 0.5}}
    new = {"use": "acme/hinges", "margin": 0.5}
    with pytest.warns(Deprecated, match="threshold is now margin"):
        assert resolver.resolve(old, zoo(renamed), "old", name="old").resolved()["loss"] == new
    with pytest.warns(Deprecated, match="threshold is now margin"):
        assert fill(old, zoo(renamed))["loss"] == new
    components = {table: old[table] for table in ("procedure", "generator", "discriminator", "loss")}
    with pytest.warns(Deprecated, match="threshold is now margin"):
        _, parts, _ = resolver.parts(components, zoo(renamed), "config.json")
    assert parts["loss"].filled() == new


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ({"use": "acme/hinges", "threshold": 0.5}, {"use": "acme/hinges", "margin": 0.5}),
        ({"use": "acme/hinges", "margin": 0.5}, {"use": "acme/hinges", "margin": 0.5}),
        ({"use": "acme/hinges"}, {"use": "acme/hinges"}),  # not margin = 1.0: it may have had another default then
    ],
    ids=["rewritten", "of today", "without a setting of today"],
)
@pytest.mark.filterwarnings("ignore::ganzoo.registry.versions.Deprecated")
def test_resolved_recipe_gets_defaults_only_where_its_table_is_rewritten(table: Table, expected: Table) -> None:
    resolved = {"run": {"steps": 1}, "loss": table, "regularizer": [{"use": "ganzoo/r1"}], "about": {"gan": "A"}}
    assert upgrade_resolved(resolved, zoo(renamed)) == {**resolved, "loss": expected}


@pytest.mark.filterwarnings("ignore::ganzoo.registry.versions.Deprecated")
def test_resolved_table_of_each_player_is_rewritten() -> None:
    old = {"use": "acme/adam", "rate": 1.0, "discriminator": {"use": "acme/adam", "rate": 2.0}}
    acme = Zoo("acme")
    acme.add("optimizer", "adam", Step, upgrade=lambda table: (_renamed(table, "rate", "lr"), "rate is now lr"))
    expected = {"use": "acme/adam", "lr": 1.0, "discriminator": {"use": "acme/adam", "lr": 2.0}}
    assert upgrade_resolved({"optimizer": old}, acme) == {"optimizer": expected}


@pytest.mark.parametrize(
    ("upgrade", "message"),
    [
        (refusing, "kind is gone: write a loss of your own"),
        (failing, r"the upgrade of loss 'acme/hinges' failed on this table \(KeyError: 'margin'\). Tell its authors"),
        (restless, "rewrites a table without end"),
        ("nowhere:upgrade", "could not be loaded from nowhere:upgrade"),
    ],
    ids=["refuses", "fails", "never ends", "is not there"],
)
@pytest.mark.filterwarnings("ignore::ganzoo.registry.versions.Deprecated")
def test_an_upgrade_that_cannot_be_made_is_a_problem_of_its_table(upgrade: Any, message: str) -> None:
    with pytest.raises(GanzooError, match=message) as refusal:
        resolver.resolve({**TINY, "loss": {"use": "hinges"}}, zoo(upgrade), "old.toml", name="old")
    if isinstance(refusal.value, RecipeError):
        assert refusal.value.message.startswith("old.toml [loss]: ")


@pytest.mark.parametrize("upgrade", [3, "renamed", "a module:name"])
def test_an_upgrade_is_a_function_or_says_where_one_is(upgrade: Any) -> None:
    with pytest.raises(ValueError, match="upgrade must be callable or 'module:function'"):
        Zoo("acme").add("loss", "hinges", Hinges, upgrade=upgrade)
