"""The API version that a plugin may ask for, and what is on its way out: still there, with a warning that says so."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner

import ganzoo
from ganzoo import hookspecs
from ganzoo.cli import cli
from ganzoo.registry import discovery, versions
from helpers.packages import GOOD, install
from helpers.support import environment, tiny, toml

OLD = GOOD.replace("Good)", 'Good, deprecated="use loss hinge; it goes in 0.3")')


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def module(name: str, wanted: object) -> str:
    """A name of its own for each wish: a module is imported once."""
    return re.sub(r"\W", "_", f"{name}_{wanted}")


def the_row(name: str) -> discovery.PluginInfo:
    return next(row for row in discovery.load().rows if row.name == name)


@pytest.mark.parametrize("wanted", [">=1.0,<2", ">=1", "==1.*", f"=={ganzoo.API_VERSION}"])
def test_a_plugin_for_this_version_loads(wanted: str, site: Path) -> None:
    install(site, "ganzoo-fits", f"ganzoo_api = {wanted!r}\n{GOOD}", module=module("fits", wanted))
    assert (the_row("fits/main").status, the_row("fits/main").components) == ("ok", 1)


@pytest.mark.parametrize("wanted", [">=2", "<1.0", "==0.9"])
def test_a_plugin_for_another_version_is_left_out_and_told(wanted: str, site: Path) -> None:
    install(site, "ganzoo-later", f"ganzoo_api = {wanted!r}\n{GOOD}", module=module("later", wanted))
    row = the_row("later/main")
    assert (row.status, row.components, row.hooks) == ("incompatible", 0, [])
    assert row.error == (
        f"it needs version {wanted} of ganzoo's plugin API, and this is {ganzoo.API_VERSION}. "
        "Install another version of this plugin, or of ganzoo-torch."
    )
    with pytest.raises(ganzoo.GanzooError, match=re.escape("(plugin later/main (ganzoo-later 0.1) incompatible: it ")):
        discovery.load().zoo.find("loss", "good")
    doctor = CliRunner().invoke(cli, ["doctor"])
    assert doctor.exit_code == 6 and "plugin later/main: it needs version" in doctor.output


@pytest.mark.parametrize("wanted", ["1", "newest", 1.0])
def test_a_wish_that_is_none_is_a_mistake_of_the_plugin(wanted: object, site: Path) -> None:
    install(site, "ganzoo-wish", f"ganzoo_api = {wanted!r}\n{GOOD}", module=module("wish", wanted))
    row = the_row("wish/main")
    assert row.status == "failed"
    assert row.error.endswith('is no version specifier: write ganzoo_api = ">=1.0,<2"')


def test_a_public_name_of_before_is_the_one_of_today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(versions.RENAMED, "Judge", ("Discriminator", "0.9"))
    with pytest.warns(versions.Deprecated) as told:
        assert ganzoo.Judge is ganzoo.Discriminator
    assert str(told[0].message) == "ganzoo.Judge is deprecated: use ganzoo.Discriminator. It goes in ganzoo 0.9."
    assert "Judge" not in vars(ganzoo), "it would be told once only"


def test_no_name_is_old_and_new() -> None:
    assert not versions.RENAMED.keys() & set(ganzoo.__all__)
    assert {today for today, _ in versions.RENAMED.values()} <= set(ganzoo.__all__)


def plugin() -> discovery.Plugins:
    class Hinge:
        uses_real = False

        def __init__(self, margin: float = 1.0, threshold: float | None = None):
            if threshold is not None:
                ganzoo.deprecated("setting threshold is now margin, and goes in ganzoo-acme 0.3")

    def ganzoo_register(zoo: ganzoo.Zoo) -> None:
        zoo.add("loss", "margin", Hinge, summary="Margins")
        zoo.add("loss", "old_margin", Hinge, summary="Margins", deprecated='use "margin"; it goes in ganzoo-acme 0.3')

    module = ModuleType("acme")
    module.ganzoo_register = ganzoo.hookimpl(ganzoo_register)  # type: ignore[attr-defined]
    mine = discovery.load({"acme/main": module})
    mine.zoo.merge(discovery.load().zoo)
    return mine


def test_a_deprecated_component_is_used_with_a_warning() -> None:
    with pytest.warns(versions.Deprecated) as told:
        recipe = tiny('[loss]\nuse = "old_margin"', plugins=plugin())
    assert recipe.parts["loss"].entry.full_name == "acme/old_margin"
    (one,) = told
    assert str(one.message) == "loss 'acme/old_margin' is deprecated: use \"margin\"; it goes in ganzoo-acme 0.3."


def test_a_deprecated_setting_warns_when_it_is_given(recwarn: pytest.WarningsRecorder) -> None:
    loss = plugin().zoo.find("loss", "margin").load()
    loss()
    assert not recwarn.list
    with pytest.warns(versions.Deprecated, match="^setting threshold is now margin, and goes in ganzoo-acme 0.3$"):
        loss(threshold=2.0)


def test_the_list_and_the_page_of_a_component_tell(site: Path) -> None:
    install(site, "ganzoo-old", OLD, module="old_main")
    listed = CliRunner().invoke(cli, ["list", "loss", "good"])
    assert "Deprecated: use loss hinge; it goes in 0.3" in " ".join(listed.output.split())
    assert "Deprecated: use loss hinge; it goes in 0.3\n" in CliRunner().invoke(cli, ["show", "good"]).output


def test_the_commands_show_a_warning_as_one_line(tmp_path: Path) -> None:
    install(tmp_path, "ganzoo-old", OLD, module="old_main")
    (tmp_path / "points.toml").write_text(toml())
    command = [sys.executable, "-m", "ganzoo", "check", "points.toml", "loss.use=good"]
    here = environment(PYTHONPATH=os.pathsep.join([str(tmp_path), *sys.path]))
    done = subprocess.run(command, cwd=tmp_path, env=here, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (
        0,
        "Warning: loss 'old/good' is deprecated: use loss hinge; it goes in 0.3.\n",
    )


def test_other_warnings_are_one_line_with_their_place() -> None:
    from ganzoo.cli import _format_warning

    assert (
        _format_warning("odd\n  \x1b[2J", UserWarning, "/x/torch/a.py", 3)
        == "Warning: odd \\x1b[2J (UserWarning, torch/a.py:3)\n"
    )


def test_a_hook_that_goes_can_warn() -> None:
    """pluggy's own way is what hookspecs.py will use: it hears a FutureWarning of ours too."""
    import pluggy

    spec = pluggy.HookspecMarker("ganzoo")
    specs, module = ModuleType("specs"), ModuleType("module")
    manager = pluggy.PluginManager("ganzoo")
    specs.ganzoo_old = spec(warn_on_impl=versions.Deprecated("ganzoo_old goes in 0.9"))(lambda run: None)  # type: ignore[attr-defined]
    module.ganzoo_old = hookspecs.hookimpl(lambda run: None)  # type: ignore[attr-defined]
    manager.add_hookspecs(specs)
    with pytest.warns(versions.Deprecated, match="ganzoo_old goes in 0.9"):
        manager.register(module)


def test_the_version_is_that_of_the_distribution() -> None:
    from importlib import metadata

    assert ganzoo.__version__ == metadata.version("ganzoo-torch")


@pytest.mark.parametrize(("name", "installed"), [("torch", True), ("no-such-package", False)])
def test_a_package_that_is_not_installed_has_no_version(name: str, installed: bool) -> None:
    assert bool(versions.installed_version(name)) == installed
