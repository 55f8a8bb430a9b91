"""Tests of the packages that `ganzoo new` writes: of one kind, of all kinds, under any valid name."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import jinja2
import pytest
import torch
from click.testing import CliRunner
from PIL import Image

import ganzoo
from ganzoo import testing
from ganzoo.cli import cli
from ganzoo.config import locate, resolver
from ganzoo.registry import discovery
from ganzoo.registry.zoo import KINDS
from ganzoo.scaffold import package
from ganzoo.scaffold import recipes as new_recipes
from ganzoo.scaffold.names import named
from helpers.packages import put_on_path
from helpers.planted import findings

CONVENTION = "lint.pydocstyle.convention='google'"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose packages are installed during a test."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *sys.path]))  # for processes that a check starts
    yield tmp_path
    for name in [module for module in sys.modules if module.partition(".")[0].startswith("ganzoo_new_")]:
        del sys.modules[name]


def new(site: Path, name: str, *kinds: str) -> tuple[Path, discovery.Plugins]:
    """Write a new package and install it."""
    folder = site / "packages" / name
    package.write(named(name), kinds, folder)
    put_on_path(site, folder / named(name).module, name)
    return folder, discovery.load()


def broken(name: str, plugins: discovery.Plugins) -> list[str]:
    return [f"{check}: {message}" for check, message in findings(testing.checks(name, plugins=plugins))]


def recipes_of(owner: str, plugins: discovery.Plugins) -> list[locate.RecipeFile]:
    return [recipe for recipe in locate.recipes(plugins) if recipe.owner == owner]


@pytest.mark.parametrize("kind", KINDS)
def test_a_package_of_one_kind(kind: str, site: Path) -> None:
    name = f"ganzoo-new-{kind}"
    _, plugins = new(site, name, kind)
    (row,) = [row for row in plugins.rows if row.distribution == name]
    assert (row.status, row.components, row.hooks) == ("ok", 1, ["ganzoo_recipes", "ganzoo_register"])
    assert broken(name, plugins) == []
    (file,) = recipes_of(f"new-{kind}", plugins)
    recipe, _ = resolver.read(file.path, (), plugins.zoo)
    component = f"new-{kind}/new_{kind}"
    assert file.path.read_text().count(component) == 1
    assert component in str(recipe.resolved())
    assert (file.name, file.about[0]) == (f"new_{kind}", f"New{kind.capitalize()}")


def tables_of(*kinds: str) -> dict[str, Any]:
    """The tables of the first recipe of a package of these kinds."""
    first, *_ = new_recipes.recipes(named("ganzoo-swirl"), kinds)
    tables: dict[str, Any] = {}
    for header, settings in first.tables:
        if header.startswith("[["):
            tables.setdefault(header.strip("[]"), []).append(settings)
        else:
            tables[header.strip("[]")] = settings
    return tables


def test_the_other_network_takes_labels_if_the_data_has_them() -> None:
    own = {"use": "swirl/swirl"}
    tables = tables_of("generator")
    assert (tables["generator"], tables["discriminator"]["condition"]) == (own, "projection")
    tables = tables_of("discriminator")
    assert (tables["generator"]["condition"], tables["discriminator"]) == ("batch_norm", own)
    tables = tables_of("dataset")  # without labels
    assert tables["dataset"] == own
    assert "condition" not in {*tables["generator"], *tables["discriminator"]}


def test_repeated_tables_are_added_and_others_replaced() -> None:
    own = {"use": "swirl/swirl"}
    tables = tables_of("regularizer", "loss", "metric")
    assert tables["regularizer"] == [{"use": "spectral_norm"}, own]
    assert tables["metric"] == [{"use": "kernel_distance"}, own]
    assert tables["loss"] == own
    assert tables_of("augmentation")["augmentation"] == [own]


def test_its_networks_take_labels_if_there_are_any(site: Path) -> None:
    _, plugins = new(site, "ganzoo-new-nets", "generator", "discriminator")
    networks = {kind: plugins.zoo.find(kind, "new-nets/new_nets").load() for kind in ("generator", "discriminator")}
    for spec in (ganzoo.Spec((1, 28, 28)), ganzoo.Spec((3, 64, 64), classes=5)):
        G, D = (networks[kind](spec) for kind in ("generator", "discriminator"))
        assert (G.conditional, D.conditional) == (spec.classes > 0,) * 2
        y = torch.arange(4) if spec.classes else None
        x = G(G.prior(4), y)
        assert (x.shape, D(x, y).shape) == ((4, *spec.shape), (4,))
    for shape in ((2,), (1, 28, 32), (1, 30, 30)):
        for kind, network in networks.items():
            with pytest.raises(ganzoo.IncompatibleError, match=rf"^{kind} new_nets cannot .*: use square images"):
                network(ganzoo.Spec(shape))


@pytest.mark.parametrize("folders", [[""], ["cats", "dogs"]])
def test_its_readme_says_how_to_train_on_own_pictures(folders: list[str], site: Path) -> None:
    package_folder, plugins = new(site, "ganzoo-new-photos", "generator", "discriminator")
    for folder in folders:
        (site / "photos" / folder).mkdir(parents=True)
        for i in range(4):
            Image.new("RGB", (50, 40), (60 * i, 0, 0)).save(site / "photos" / folder / f"{i}.png")
    command = next(line for line in (package_folder / "README.md").read_text().splitlines() if "dataset.use" in line)
    ganzoo_word, run_word, name, *overrides = command.split()
    assert (ganzoo_word, run_word, name) == ("ganzoo", "run", "new_photos")
    settings = dict(override.split("=") for override in overrides)
    settings |= {"dataset.path": str(site / "photos"), "dataset.size": int(settings["dataset.size"])}
    settings |= {"run.steps": 1, "run.batch_size": 4}
    recipe = package_folder / "ganzoo_new_photos/recipes/new_photos.toml"
    run = ganzoo.train(recipe, settings, out=site / "runs", plugins=plugins)
    assert run.spec == ganzoo.Spec((3, 32, 32), classes=len(folders) if folders[0] else 0)
    assert "dataset.use=folder" in recipe.read_text()


@pytest.mark.slow
def test_a_package_of_every_kind_trains(site: Path) -> None:
    _, plugins = new(site, "ganzoo-new-all", *KINDS)
    assert [entry.kind for entry in plugins.zoo.entries() if entry.owner == "new-all"] == list(KINDS)
    assert broken("ganzoo-new-all", plugins) == []
    recipes = recipes_of("new-all", plugins)
    assert [recipe.name for recipe in recipes] == [
        "new_all",
        "new_all_augmentation",
        "new_all_encoder",
        "new_all_procedure",
        "new_all_transform",
    ]
    together = "".join(recipe.path.read_text() for recipe in recipes)
    for kind in KINDS:
        assert f'[{kind}]\nuse = "new-all/new_all"' in together.replace("[[", "[").replace("]]", "]"), kind
    for recipe in recipes:
        run = ganzoo.train(recipe.path, {"run.steps": 2, "run.batch_size": 8}, out=site / "runs", plugins=plugins)
        assert run.status["state"] == "finished"
        assert ganzoo.load(run, plugins).sample(2, seed=0).shape == (2, *run.spec.shape)


def test_its_own_tests_pass_and_its_workflow_runs_them(site: Path) -> None:
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
    templates = {name.removesuffix(".jinja") for name in environment.list_templates()}
    assert templates == {*package.PATHS, "recipe.toml", "recipes.toml", *(f"kinds/{kind}.py" for kind in KINDS)}
    assert package.SUMMARIES.keys() == set(KINDS)


@pytest.mark.parametrize("name", ["ganzoo-swirl", "acme.gans-2", "ganzoo-a-rather-long-name-for-a-package"])
def test_its_code_passes_ruff(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "here"
    package.write(named(name), KINDS, folder)
    module = named(name).module
    assert {path.name for path in folder.iterdir()} == {
        *("pyproject.toml", "README.md", ".gitignore", ".github", "tests", module),
    }
    for path in folder.rglob("*.py"):
        ast.parse(path.read_text())
    rules = "E,F,I,B,UP,SIM,RUF,N,C4,PTH,D,D401"
    ignored = "D103,D105,D107"  # of tests, __len__ and __init__
    options = ["--isolated", "--no-cache", "--line-length", "120"]
    for command in (
        ["check", "--select", rules, "--ignore", ignored, "--config", CONVENTION, *options],
        ["format", "--check", *options],
    ):
        done = subprocess.run([sys.executable, "-m", "ruff", *command, "."], cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("Swirl", "cannot name a package"),
        ("../swirl", "cannot name a package"),
        ("swirl--x", "cannot name a package"),
        ("a" * 41, "cannot name a package"),
        ("ganzoo-2d", "cannot name a class"),
        ("ganzoo-torch", "is a name of ganzoo's own"),
        ("ganzoo-none", "cannot name a class"),
        ("class", "is a keyword of Python"),
    ],
)
def test_invalid_names_are_refused(name: str, why: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["new", name, "--out", str(tmp_path / "here")])
    assert done.exit_code == 2 and f"{name!r} {why}" in done.output.replace("\n", " ")
    assert not (tmp_path / "here").exists()


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here/mine.txt").write_text("mine")
    done = CliRunner().invoke(cli, ["new", "ganzoo-swirl", "--out", str(tmp_path / "here")])
    assert done.exit_code == 2 and "already exists, and was not changed" in done.output
    assert [path.name for path in tmp_path.rglob("*")] == ["here", "mine.txt"]
    (tmp_path / "here/mine.txt").unlink()
    assert CliRunner().invoke(cli, ["new", "ganzoo-swirl", "--out", str(tmp_path / "here")]).exit_code == 0


def test_it_lists_its_files_and_the_next_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
