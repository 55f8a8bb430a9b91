"""What `ganzoo new` writes is sound at birth: each kind alone, all together, under any name."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import jinja2
import pytest
from click.testing import CliRunner

import ganzoo
from ganzoo import testing
from ganzoo.cli import cli
from ganzoo.config import locate, resolver
from ganzoo.registry import discovery
from ganzoo.registry.zoo import KINDS
from ganzoo.scaffold import package
from ganzoo.scaffold.names import named
from helpers.packages import put_on_path
from helpers.planted import findings


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of packages that are installed for the length of a test."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *sys.path]))  # for the processes of a check
    yield tmp_path
    for name in [one for one in sys.modules if one.partition(".")[0].startswith("ganzoo_new_")]:
        del sys.modules[name]


def new(site: Path, name: str, *kinds: str) -> tuple[Path, discovery.Plugins]:
    """The new package, installed."""
    folder = site / "packages" / name
    package.write(named(name), kinds, folder)
    put_on_path(site, folder / named(name).module, name)
    return folder, discovery.load()


def broken(name: str, plugins: discovery.Plugins) -> list[str]:
    return [f"{check}: {message}" for check, message in findings(testing.checks(name, plugins=plugins))]


def recipes_of(owner: str, plugins: discovery.Plugins) -> list[locate.RecipeFile]:
    return [one for one in locate.recipes(plugins) if one.owner == owner]


@pytest.mark.parametrize("kind", KINDS)
def test_a_package_of_one_kind(kind: str, site: Path) -> None:
    name = f"ganzoo-new-{kind}"
    _, plugins = new(site, name, kind)
    (row,) = [row for row in plugins.rows if row.distribution == name]
    assert (row.status, row.components, row.hooks) == ("ok", 1, ["ganzoo_recipes", "ganzoo_register"])
    assert broken(name, plugins) == []
    (found,) = recipes_of(f"new-{kind}", plugins)
    recipe, _ = resolver.read(found.path, (), plugins.zoo)
    used = f"new-{kind}/new_{kind}"
    assert found.path.read_text().count(used) == 1
    assert used in str(recipe.resolved())
    assert (found.name, found.about[0]) == (f"new_{kind}", f"New{kind.capitalize()}")


@pytest.mark.slow
def test_a_package_of_every_kind_trains(site: Path) -> None:
    _, plugins = new(site, "ganzoo-new-all", *KINDS)
    assert [entry.kind for entry in plugins.zoo.entries() if entry.owner == "new-all"] == list(KINDS)
    assert broken("ganzoo-new-all", plugins) == []
    found = recipes_of("new-all", plugins)
    assert [one.name for one in found] == ["new_all", "new_all_encoder", "new_all_procedure", "new_all_transform"]
    together = "".join(one.path.read_text() for one in found)
    for kind in KINDS:
        assert f'[{kind}]\nuse = "new-all/new_all"' in together.replace("[[", "[").replace("]]", "]"), kind
    for one in found:
        run = ganzoo.train(one.path, {"run.steps": 2, "run.batch_size": 8}, out=site / "runs", plugins=plugins)
        assert run.status["state"] == "finished"
        assert ganzoo.load(run, plugins).sample(2, seed=0).shape == (2, *run.spec.shape)


def test_its_own_tests_and_its_ci_ask_for_what_there_is(site: Path) -> None:
    folder, _ = new(site, "ganzoo-new-tests", "loss")
    project = tomllib.loads((folder / "pyproject.toml").read_text())
    assert project["project"]["entry-points"]["ganzoo"] == {"main": "ganzoo_new_tests"}
    assert project["project"]["dependencies"] == [f"ganzoo-torch>={ganzoo.__version__}"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", str(folder)],
        cwd=folder,
        env={"PYTHONPATH": ":".join(sys.path), "OMP_NUM_THREADS": "1", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout
    workflow = (folder / ".github/workflows/test.yml").read_text()
    assert "ganzoo test ganzoo-new-tests" in workflow and "${{ matrix.python }}" in workflow


def test_every_template_is_used_and_every_kind_has_one() -> None:
    environment = jinja2.Environment(loader=jinja2.PackageLoader("ganzoo.scaffold"))
    there = {name.removesuffix(".jinja") for name in environment.list_templates()}
    assert there == {*package.PLACES, "recipe.toml", "recipes.toml", *(f"kinds/{kind}.py" for kind in KINDS)}
    assert package.SUMMARIES.keys() == set(KINDS)


@pytest.mark.parametrize("name", ["ganzoo-swirl", "acme.gans-2", "ganzoo-a-rather-long-name-for-a-package"])
def test_what_it_writes_is_tidy(name: str, tmp_path: Path) -> None:
    """As ruff, the formatter that most of the field uses, would have it."""
    folder = tmp_path / "here"
    package.write(named(name), KINDS, folder)
    module = named(name).module
    assert {path.name for path in folder.iterdir()} == {
        *("pyproject.toml", "README.md", ".gitignore", ".github", "tests", module),
    }
    for path in folder.rglob("*.py"):
        ast.parse(path.read_text())
    rules = "E,F,I,B,UP,SIM,RUF,N,C4,PTH"
    options = ["--isolated", "--no-cache", "--line-length", "120"]
    for command in (["check", "--select", rules, *options], ["format", "--check", *options]):
        done = subprocess.run([sys.executable, "-m", "ruff", *command, "."], cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("Swirl", "is no name for a package"),
        ("../swirl", "is no name for a package"),
        ("swirl--x", "is no name for a package"),
        ("a" * 41, "is no name for a package"),
        ("ganzoo-2d", "makes no name for a class"),
        ("ganzoo-torch", "is ganzoo's own name"),
        ("ganzoo-none", "makes no name for a class"),
        ("class", "is a word of Python"),
    ],
)
def test_names_that_will_not_do(name: str, why: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["new", name, "--out", str(tmp_path / "here")])
    assert done.exit_code == 2 and f"{name!r} {why}" in done.output.replace("\n", " ")
    assert not (tmp_path / "here").exists()


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here/mine.txt").write_text("mine")
    done = CliRunner().invoke(cli, ["new", "ganzoo-swirl", "--out", str(tmp_path / "here")])
    assert done.exit_code == 2 and "exists already, and is left as it is" in done.output
    assert [path.name for path in tmp_path.rglob("*")] == ["here", "mine.txt"]
    (tmp_path / "here/mine.txt").unlink()
    assert CliRunner().invoke(cli, ["new", "ganzoo-swirl", "--out", str(tmp_path / "here")]).exit_code == 0


def test_it_says_what_it_wrote_and_what_comes_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(cli, ["new", "ganzoo-swirl"])
    lines = done.output.splitlines()
    written, rest = lines[: lines.index("")], lines[lines.index("") + 1 :]
    assert sorted(written) == sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert rest[:4] == [
        "next:",
        "  pip install -e 'ganzoo-swirl[test]'",
        "  ganzoo test ganzoo-swirl",
        "  ganzoo run swirl",
    ]
