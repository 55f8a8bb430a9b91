"""The wheel, built and installed outside of the checkout."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from ganzoo.config import locate
from ganzoo.registry import discovery
from helpers.support import toml

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]


def files(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def test_only_our_two_packages_come_out_on_top(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in files(wheel)}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"ganzoo", "ganzoo_builtins"}


def test_every_module_is_in_it(wheel: Path) -> None:
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "ganzoo").rglob("*.py")}
    modules |= {path.relative_to(ROOT / "plugins").as_posix() for path in (ROOT / "plugins").rglob("*.py")}
    assert modules <= set(files(wheel))


def test_type_checkers_are_told_that_both_packages_are_annotated(wheel: Path) -> None:
    assert {"ganzoo/py.typed", "ganzoo_builtins/py.typed"} <= set(files(wheel))


def test_what_reports_are_made_of_is_in_it(wheel: Path) -> None:
    parts = {f"ganzoo/report/{path.name}" for path in (ROOT / "ganzoo/report").glob("*.*") if path.suffix != ".py"}
    assert len(parts) == 3 and parts <= set(files(wheel))


def test_what_new_packages_are_made_of_is_in_it(wheel: Path) -> None:
    templates = {path.relative_to(ROOT).as_posix() for path in (ROOT / "ganzoo/scaffold/templates").rglob("*.*")}
    assert len(templates) > 20 and templates <= set(files(wheel))


def test_every_recipe_is_in_it(wheel: Path) -> None:
    recipes = {f"ganzoo/recipes/{path.name}" for path in (ROOT / "recipes").glob("*.toml")}
    assert recipes == {name for name in files(wheel) if name.startswith("ganzoo/recipes/")}


def test_it_works_from_another_folder(environment: Callable) -> None:
    here = environment()
    where = here("python", "-c", "import ganzoo, ganzoo_builtins as b; print(ganzoo.__file__); print(b.__file__)")
    assert all(line.startswith(str(here.site)) for line in where.stdout.splitlines()), where

    listed = here("ganzoo", "list", "--json")
    assert listed.returncode == 0, listed.stderr
    found = {(row["kind"], row["name"]) for row in json.loads(listed.stdout)}
    assert found >= {(entry.kind, entry.name) for entry in discovery.load().zoo if entry.owner == "ganzoo"}
    assert found >= {("recipe", recipe.name) for recipe in locate.recipes(discovery.load()) if recipe.owner == "ganzoo"}

    by_name = here("ganzoo", "run", "quickstart", "run.steps=3", "run.batch_size=8", "dataset.n=64")
    assert by_name.returncode == 0, by_name.stderr
    (here.home / "points.toml").write_text(toml())
    by_path = here("python", "-m", "ganzoo", "run", "points.toml", "run.steps=3")
    assert by_path.returncode == 0, by_path.stderr
    assert sorted(path.name.partition("-")[0] for path in (here.home / "runs").iterdir()) == ["points", "quickstart"]

    assert here("ganzoo", "doctor").returncode == 0
