"""Plugins are found by entry point, and a broken one costs its own components and nothing else."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch
from torch import Tensor

import ganzoo
from ganzoo import GanzooError
from ganzoo.config import locate, resolver
from ganzoo.registry import discovery
from ganzoo.registry.discovery import PluginInfo
from ganzoo.registry.zoo import Zoo
from ganzoo.utils.isolation import PluginWarning
from helpers.commands import shell
from helpers.packages import GOOD, install
from helpers.support import tiny, toml, train

HALFWAY = """
import ganzoo

@ganzoo.hookimpl
def ganzoo_register(zoo):
    zoo.add("loss", "first", dict)
    raise RuntimeError("no luck")
"""
BROKEN = {
    "an import that fails": ("import not_there", "ModuleNotFoundError: No module named 'not_there'"),
    "a module that exits": ("raise SystemExit('bye')", "SystemExit: bye"),
    "a module that cancels": ("raise KeyboardInterrupt", "KeyboardInterrupt: "),
    "a module that ends a generator": ("raise GeneratorExit", "GeneratorExit: "),
    "an exception without a text": (
        "class Odd(BaseException):\n    def __str__(self): raise ValueError\nraise Odd",
        "Odd: (its text cannot be shown)",
    ),
    "an exception that would clear the screen": (
        "raise ValueError('\\x1b[2J' + 9000 * 'x')",
        "ValueError: \\x1b[2Jxxx",
    ),
    "a syntax error": ("def f(:", "SyntaxError: invalid syntax"),
    "a hook that raises halfway": (HALFWAY, "RuntimeError: no luck"),
    "a misspelt hook": (
        "import ganzoo\n@ganzoo.hookimpl\ndef ganzoo_regster(zoo): ...",
        "ValueError: no hook named 'ganzoo_regster'. Did you mean 'ganzoo_register'? Hooks: ganzoo_register, ",
    ),
    "a misspelt hook without its decorator": (
        "def ganzoo_recipe(): ...",
        "ValueError: no hook named 'ganzoo_recipe'. Did you mean 'ganzoo_recipes'?",
    ),
    "a hook without its decorator": (
        "def ganzoo_register(zoo): ...",
        "ValueError: ganzoo_register() needs the decorator @ganzoo.hookimpl",
    ),
    "a hook with another argument": (
        "import ganzoo\n@ganzoo.hookimpl\ndef ganzoo_register(registry): ...",
        "Argument(s) {'registry'} are declared in the hookimpl but can not be found in the hookspec",
    ),
    "an unknown kind": (
        GOOD.replace('"loss"', '"los"'),
        "ValueError: no kind 'los'. Did you mean 'loss'? Kinds: generator, discriminator,",
    ),
    "a component twice": (
        GOOD + '    zoo.add("loss", "good", Good)',
        "ValueError: loss 'good' is registered twice by 'broken'",
    ),
}
broken = pytest.mark.parametrize(("source", "error"), [pytest.param(*case, id=name) for name, case in BROKEN.items()])


def row(name: str) -> PluginInfo:
    return next(row for row in discovery.load().rows if row.name == name)


def test_a_package_is_found_by_its_entry_point(site: Path) -> None:
    install(site, "ganzoo-acme", GOOD, entry="losses", version="1.2")
    found = row("acme/losses")
    assert found == PluginInfo(
        "acme/losses", "ganzoo-acme", "1.2", "ganzoo_acme_losses", hooks=["ganzoo_register"], components=1
    )
    entry = discovery.load().zoo.find("loss", "good")
    assert (entry.full_name, entry.summary) == ("acme/good", "A loss that is always zero.")


def test_the_owner_of_a_package_of_another_name_is_all_of_it(site: Path) -> None:
    install(site, "Some_GANs", GOOD)
    assert row("some-gans/main").status == "ok"


def test_the_built_ins_come_through_the_same_door() -> None:
    rows = discovery.load().rows
    assert {row.distribution for row in rows if row.name.startswith("ganzoo/")} == {"ganzoo-torch"}
    assert [row.error for row in rows if row.status != "ok"] == []


@broken
def test_a_broken_plugin_costs_its_own_components_only(site: Path, source: str, error: str) -> None:
    built_in = {entry.full_name for entry in discovery.load().zoo}
    install(site, "ganzoo-broken", source)
    install(site, "ganzoo-fine", GOOD)
    plugins = discovery.load()
    failed = next(row for row in plugins.rows if row.name == "broken/main")
    assert (failed.status, failed.hooks, failed.components) == ("failed", [], 0)
    assert error in failed.error
    assert {entry.full_name for entry in plugins.zoo} == built_in | {"fine/good"}


@broken
def test_a_broken_plugin_is_quoted_where_a_name_is_missing(site: Path, source: str, error: str) -> None:
    install(site, "ganzoo-broken", source)
    with pytest.raises(GanzooError) as raised:
        discovery.load().zoo.find("loss", "lost")
    assert "no loss named 'lost'." in raised.value.message
    assert "(plugin broken/main (ganzoo-broken 0.1) failed: " in raised.value.message
    assert error in raised.value.message


def test_the_other_hooks_of_a_broken_plugin_are_not_called(site: Path) -> None:
    install(site, "ganzoo-broken", HALFWAY + "\n@ganzoo.hookimpl\ndef ganzoo_run_start(run): ...\n")
    assert [name for name, _ in discovery.load().callers("ganzoo_run_start")] == []


def test_two_packages_may_offer_the_same_name(site: Path) -> None:
    install(site, "ganzoo-one", GOOD)
    install(site, "ganzoo-two", GOOD)
    plugins = discovery.load()
    assert {row.status for row in plugins.rows} == {"ok"}
    assert plugins.zoo.find("loss", "two/good").owner == "two"
    assert row("one/main").remarks == ["loss 'good': write \"one/good\" for it; other plugins have that name too"]
    with pytest.raises(GanzooError, match=r"2 plugins provide the loss 'good': write \"one/good\" or \"two/good\"\."):
        plugins.zoo.find("loss", "good")


def test_a_name_of_a_built_in_component_stays_its_own(site: Path) -> None:
    for distribution in ("ganzoo-acme", "ganzoo-betty"):
        install(site, distribution, GOOD.replace('"good"', '"hinge"'))
    plugins = discovery.load()
    hinge = plugins.zoo.find("loss", "hinge")
    assert hinge.target == "ganzoo_builtins.losses.hinge:Hinge"
    assert hinge == plugins.zoo.find("loss", "ganzoo/hinge")
    assert plugins.zoo.shortest_name(hinge) == "hinge"
    theirs = plugins.zoo.find("loss", "acme/hinge")
    assert (theirs.owner, plugins.zoo.shortest_name(theirs)) == ("acme", "acme/hinge")
    said = [remark for info in plugins.rows for remark in info.remarks]
    assert said == [
        f"loss 'hinge': write \"{owner}/hinge\" for it; the bare name is the built-in one"
        for owner in ("acme", "betty")
    ]


def test_a_recipe_of_the_zoo_means_built_in_components_whatever_is_installed(site: Path) -> None:
    install(site, "ganzoo-acme", GOOD.replace('"good"', '"non_saturating"'))
    plugins = discovery.load()
    recipe, _ = resolver.read(locate.find("quickstart", plugins), (), plugins.zoo)
    assert recipe.owners() == {"ganzoo"}


@pytest.mark.parametrize(
    ("distribution", "source", "error"),
    [
        ("ganzoo-ganzoo", GOOD, "the name 'ganzoo' belongs to the built-in components"),
        ("ganzoo", GOOD, "the name 'ganzoo' belongs to the built-in components"),
        (
            "ganzoo-acme",
            GOOD.replace('    zoo.add("loss"', '    zoo.owner = "ganzoo"; zoo.add("loss"'),
            "ValueError: it registers components in the name of another owner",
        ),
    ],
)
def test_no_other_package_registers_in_the_name_of_the_zoo(
    site: Path, distribution: str, source: str, error: str
) -> None:
    install(site, distribution, source)
    plugins = discovery.load()
    assert [error in info.error for info in plugins.rows if info.status != "ok"] == [True]
    assert "good" not in {entry.name for entry in plugins.zoo}


def test_two_entry_points_of_one_package_may_not_offer_the_same_name(site: Path) -> None:
    install(site, "ganzoo-acme", GOOD, entry="first")
    install(site, "ganzoo-acme", GOOD, entry="second")
    assert row("acme/first").status == "ok"
    assert row("acme/second").error == "ValueError: loss 'acme/good' is registered twice"


def test_equal_entry_point_names_do_not_hide_one_another(site: Path) -> None:
    install(site, "ganzoo-one", GOOD, entry="gan")
    install(site, "ganzoo-two", GOOD, entry="gan")
    assert (row("one/gan").components, row("two/gan").components) == (1, 1)


def test_of_two_versions_the_first_on_the_path_counts(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(site, "ganzoo-acme", GOOD, version="1.0")
    (tmp_path / "newer").mkdir()
    install(tmp_path / "newer", "ganzoo-acme", GOOD, version="2.0")
    monkeypatch.syspath_prepend(str(tmp_path / "newer"))
    assert [row.version for row in discovery.load().rows if row.distribution == "ganzoo-acme"] == ["2.0"]


def test_an_entry_point_may_name_an_object_in_a_module(site: Path) -> None:
    install(site, "ganzoo-acme", "import types\nclass names:\n    inner = types.ModuleType('inner')\n")
    points = site / "ganzoo_acme-0.1.dist-info" / "entry_points.txt"
    points.write_text("[ganzoo]\n# an object\nmain = ganzoo_acme_main:names.inner [extra]\n[other]\nx = y\n")
    assert (row("acme/main").status, row("acme/main").module) == ("ok", "ganzoo_acme_main:names.inner")


@pytest.mark.parametrize("name", ["acme", "ganzoo-acme", "acme/main", "other, acme "])
def test_a_plugin_can_be_blocked(site: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    module = install(site, "ganzoo-acme", GOOD)
    monkeypatch.setenv("GANZOO_BLOCK_PLUGINS", name)
    off = row("acme/main")
    assert (off.status, off.components) == ("off", 0)
    assert off.error == "switched off by GANZOO_DISABLE_PLUGINS or GANZOO_BLOCK_PLUGINS"
    assert module not in sys.modules, "it was not even imported"


def test_a_name_that_only_begins_alike_is_not_blocked(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(site, "ganzoo-acme", GOOD)
    monkeypatch.setenv("GANZOO_BLOCK_PLUGINS", "acm,acme/other")
    assert row("acme/main").status == "ok"


@pytest.mark.parametrize(("value", "status"), [("1", "off"), ("0", "ok"), ("", "ok")])
def test_all_but_the_built_ins_can_be_switched_off(
    site: Path, monkeypatch: pytest.MonkeyPatch, value: str, status: str
) -> None:
    install(site, "ganzoo-acme", GOOD)
    monkeypatch.setenv("GANZOO_DISABLE_PLUGINS", value)
    assert row("acme/main").status == status
    assert row("ganzoo/losses").status == "ok"


def test_a_setting_of_pytorch_that_a_plugin_changes_is_put_back_and_told(site: Path) -> None:
    install(site, "ganzoo-acme", f"import torch\ntorch.set_default_dtype(torch.float64)\n{GOOD}")
    says = "changed the default dtype of PyTorch while it was loaded, which ganzoo put back"
    with pytest.warns(PluginWarning, match=f"plugin acme/main {says}"):
        plugins = discovery.load()
    info = next(info for info in plugins.rows if info.name == "acme/main")
    assert (info.status, info.components, info.remarks) == ("ok", 1, [f"it {says}"])
    assert torch.get_default_dtype() == torch.float32


def test_so_is_one_of_a_module_that_a_component_is_in(site: Path) -> None:
    (site / "lazily.py").write_text("import torch\ntorch.set_default_dtype(torch.float64)\nclass Lazy: ...\n")
    install(site, "ganzoo-acme", GOOD.replace('"good", Good', '"good", "lazily:Lazy"'))
    entry = discovery.load().zoo.find("loss", "good")
    with pytest.warns(PluginWarning, match="loss 'acme/good' changed the default dtype of PyTorch while it was loaded"):
        assert entry.load().__name__ == "Lazy"
    assert torch.get_default_dtype() == torch.float32


@pytest.mark.slow
def test_so_is_one_that_is_changed_when_pytorch_is_imported_for_it(site: Path) -> None:
    install(site, "ganzoo-acme", f"import torch\ntorch.set_num_threads(63)\n{GOOD}")
    done = shell("plugins", site=site)
    assert "\tit changed the number of threads of PyTorch while it was loaded" in done.stdout
    assert "Warning: plugin acme/main changed the number of threads" in done.stderr
    assert (done.returncode, "Traceback" in done.stderr) == (0, False)


@pytest.mark.parametrize("key", ["summary", "paper", "deprecated"])
def test_texts_of_a_component_are_one_line_without_escape_sequences(site: Path, key: str) -> None:
    install(site, "ganzoo-acme", GOOD.replace("Good)", f"Good, {key}='\\x1b]0;title\\x07\\u202e' + 9999 * 'x')"))
    text = getattr(discovery.load().zoo.find("loss", "good"), key)
    assert text.startswith("\\x1b]0;title\\x07\\u202exxx") and len(text) < 400


def test_a_text_that_is_none_is_refused(site: Path) -> None:
    install(site, "ganzoo-acme", GOOD.replace("Good)", "Good, paper=5)"))
    assert row("acme/main").error == "ValueError: loss 'good': paper must be a text, not 5"


def test_names_in_metadata_are_shown_and_not_obeyed(site: Path) -> None:
    install(site, "ganzoo-acme", GOOD, entry="\x1b[31mred")
    named = [info.name for info in discovery.load().rows if info.owner == "acme"]
    assert named == ["acme/\\x1b[31mred"]


def test_plugins_can_be_given_instead_of_found() -> None:
    plugin = ModuleType("plugin")
    exec(GOOD, vars(plugin))
    plugins = discovery.load({"mine/plugin": plugin})
    assert [entry.full_name for entry in plugins.zoo] == ["mine/good"]


@pytest.mark.parametrize("hook", ["ganzoo_run_start(run)", "ganzoo_step_end(run, t, logs)", "ganzoo_run_end(run)"])
def test_a_plugin_that_fails_while_watching_does_not_stop_a_run(
    site: Path, tmp_path: Path, hook: str, capsys: pytest.CaptureFixture[str]
) -> None:
    install(site, "ganzoo-acme", f"import ganzoo\n@ganzoo.hookimpl\ndef {hook}: raise RuntimeError('no luck')\n")
    run = ganzoo.train(points(tmp_path), out=tmp_path, plugins=discovery.load())
    assert (run.status["state"], run.status["step"]) == ("finished", 3)
    name = hook.partition("(")[0]
    assert f"plugin acme/main failed in {name}: RuntimeError: no luck" in capsys.readouterr().err


def test_built_ins_train_beside_broken_plugins(site: Path, tmp_path: Path) -> None:
    for i, (source, _) in enumerate(BROKEN.values()):
        install(site, f"ganzoo-broken-{i}", source)
    assert ganzoo.train(points(tmp_path), out=tmp_path).status["state"] == "finished"


def test_a_component_of_a_plugin_trains_with_built_ins(site: Path, tmp_path: Path) -> None:
    install(site, "ganzoo-acme", GOOD)
    run = ganzoo.train(points(tmp_path), {"loss.use": "good"}, out=tmp_path)
    assert run.resolved["recipe"]["loss"]["use"] == "acme/good"
    assert {row["generator/adversarial"] for row in run.metrics()} == {0.0}


def points(folder: Path) -> Path:
    """A recipe of three steps."""
    file = folder / "points.toml"
    file.write_text(toml().replace("steps = 12", "steps = 3").replace("log = 4", "log = 1"))
    return file


def test_a_module_that_is_in_no_package_is_there_beside_the_installed_ones() -> None:
    notebook = ModuleType("__main__")
    exec(GOOD.replace('"good"', '"mine"'), vars(notebook))
    plugins = discovery.load(extra={"me/main": notebook})
    assert [entry.owner for entry in plugins.zoo.entries("loss") if entry.name == "mine"] == ["me"]
    assert {row.name for row in plugins.rows} == {row.name for row in discovery.load().rows} | {"me/main"}
    assert next(row for row in plugins.rows if row.name == "me/main").status == "ok"
    assert {row.name for row in discovery.load({"me/main": notebook}).rows} == {"me/main"}


def test_a_run_with_a_loss_of_a_notebook(tmp_path: Path) -> None:
    class Squared(ganzoo.Loss):
        def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
            return ((real - 1) ** 2).mean() + (fake**2).mean()

        def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
            return ((fake - 1) ** 2).mean()

    @ganzoo.hookimpl
    def ganzoo_register(zoo: Zoo) -> None:
        zoo.add("loss", "squared", Squared)

    notebook = ModuleType("__main__")
    notebook.ganzoo_register = ganzoo_register  # type: ignore[attr-defined]
    plugins = discovery.load(extra={"me/main": notebook})
    run = train(tiny("", "run.steps=1", "loss.use=squared", plugins=plugins), tmp_path, plugins=plugins)
    assert run.resolved["recipe"]["loss"]["use"] == "me/squared"
    assert ganzoo.load(run, plugins).sample(2, seed=0).shape == (2, 2)
