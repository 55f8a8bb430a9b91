"""Imports go down the layers of pyproject.toml, and import-linter finds those that do not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parents[1]


def lint(tree: Path) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(tree), str(tree / "plugins")])
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache"]
    return subprocess.run(
        command, cwd=tree, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources, to plant imports in."""
    folder = tmp_path_factory.mktemp("tree")
    for name in ("ganzoo", "plugins"):
        shutil.copytree(TOP / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(TOP / "pyproject.toml", folder)
    return folder


def test_the_tree_keeps_every_contract(tree: Path) -> None:
    result = lint(tree)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("file", "planted", "broken"),
    [
        pytest.param(
            "ganzoo/utils/lock.py", "from ganzoo.training import loop", "import from below BROKEN", id="upward"
        ),
        pytest.param(
            "ganzoo/utils/lock.py",
            "def lazy():\n    from ganzoo.training import loop",
            "import from below BROKEN",
            id="upward, inside a function",
        ),
        pytest.param(
            "ganzoo/diagnosis/__init__.py",
            "import ganzoo.metrics.best",
            "import from below BROKEN",
            id="from one floor's room to another",
        ),
        pytest.param("ganzoo/attic/__init__.py", "", "attic", id="a package without a layer"),
        pytest.param(
            "plugins/ganzoo_builtins/losses/hinge.py",
            "from ganzoo.errors import RecipeError",
            "nothing deeper BROKEN",
            id="past the public door",
        ),
        pytest.param(
            "ganzoo/training/engine.py",
            "from ganzoo_builtins.losses.hinge import Hinge",
            "no built-in plugin BROKEN",
            id="a built-in in the core",
        ),
        pytest.param(
            "ganzoo/training/ema.py",
            "def lazy():\n    from ganzoo.training import loop",
            "inside a package BROKEN",
            id="a circle",
        ),
    ],
)
def test_a_planted_import_is_found(file: str, planted: str, broken: str, tree: Path) -> None:
    path = tree / file
    before = path.read_text() if path.exists() else None
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"{before or ''}\n{planted}\n")
    try:
        result = lint(tree)
    finally:
        if before is None:
            shutil.rmtree(path.parent)
        else:
            path.write_text(before)
    assert result.returncode == 1 and broken in result.stdout, result.stdout
