"""The example plugins and a new package from the template are installed, tested and trained, as in their CI."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted(path.parent for path in (ROOT / "docs/examples").glob("*/pyproject.toml"))
pytestmark = pytest.mark.slow


def test_there_are_two() -> None:
    """One adds a loss and a regularizer, the other a whole GAN."""
    assert [path.name for path in EXAMPLES] == ["ganzoo-bigan", "ganzoo-steady"]


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda path: path.name)
def test_an_example_is_tested_and_trains(folder: Path, environment: Callable) -> None:
    here = environment()
    here.install(folder)
    sound(here, folder)


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda path: path.name)
def test_an_example_is_tidy(folder: Path) -> None:
    options = ["--isolated", "--no-cache", "--line-length", "120"]
    for command in (["check", "--select", "E,F,I,B,UP,SIM,RUF", *options], ["format", "--check", *options]):
        done = subprocess.run([sys.executable, "-m", "ruff", *command, "."], cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


def test_a_new_package_is_tested_and_trains(environment: Callable) -> None:
    here = environment()
    assert here("ganzoo", "new", "ganzoo-swirl").returncode == 0
    here.install(here.home / "ganzoo-swirl")
    sound(here, here.home / "ganzoo-swirl")


def sound(here: Callable, folder: Path) -> None:
    """Listed, held to its promises, tested by its own tests; each of its recipes trains and draws."""
    listed = here("ganzoo", "plugins", "--json")
    (row,) = [row for row in json.loads(listed.stdout) if row["distribution"] == folder.name]
    assert (row["status"], row["components"] > 0) == ("ok", True)
    asked = here("ganzoo", "test", folder.name)
    assert asked.returncode == 0, asked.stdout + asked.stderr
    tested = here("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", str(folder))
    assert tested.returncode == 0, tested.stdout
    recipes = sorted(folder.glob("*/recipes/*.toml"))
    assert recipes
    for recipe in recipes:
        trained = here("ganzoo", "run", recipe.stem, "run.steps=10", "--out", f"runs-{recipe.stem}")
        assert trained.returncode == 0, trained.stderr
        drawn = here("ganzoo", "sample", f"runs-{recipe.stem}", "-n", "4", "--seed", "0", "--out", "drawn.npz")
        assert drawn.returncode == 0, drawn.stderr
