"""A third-party package of thirty lines is listed, and trains together with built-in components."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.packages import install
from helpers.support import toml

pytestmark = pytest.mark.slow

PYPROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "ganzoo-spiral"
version = "0.1"
dependencies = ["ganzoo-torch"]

[project.entry-points.ganzoo]
spiral = "ganzoo_spiral"
"""
MODULE = '''\
import ganzoo
import torch


class Spiral(ganzoo.Dataset):
    """Points on a two-armed spiral, (N, 2)."""

    def __init__(self, n: int = 4096, noise: float = 0.02):
        t = 3 * torch.pi * torch.rand(n).sqrt()
        r = t / t.max() * (1 - 2 * torch.randint(2, (n,)))
        self.x = torch.stack([r * t.cos(), r * t.sin()], 1) + noise * torch.randn(n, 2)
        self.spec = ganzoo.Spec(shape=(2,))

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return {"x": self.x[i]}


@ganzoo.hookimpl
def ganzoo_register(zoo):
    zoo.add("dataset", "spiral", Spiral)
'''


@pytest.fixture
def package(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    (tmp_path / "ganzoo_spiral.py").write_text(MODULE)
    return tmp_path


def test_a_package_from_elsewhere(environment: Callable, package: Path) -> None:
    here = environment()
    before = rows(here, "plugins")
    here.install(package)
    install(here.site, "ganzoo-broken", "import not_there")

    (spiral,) = [row for row in rows(here, "list", "dataset") if row["name"] == "spiral"]
    assert (spiral["owner"], spiral["summary"]) == ("spiral", "Points on a two-armed spiral, (N, 2).")

    (here.home / "points.toml").write_text(toml())
    trained = here("ganzoo", "run", "points.toml", "dataset.use=spiral", "dataset.n=100", "run.steps=3")
    assert trained.returncode == 0, trained.stderr
    (run,) = (here.home / "runs").iterdir()
    recipe = json.loads((run / "resolved.json").read_text())["recipe"]
    assert recipe["dataset"] == {"use": "spiral/spiral", "n": 100, "noise": 0.02}
    assert recipe["generator"]["use"] == "ganzoo/mlp"

    after = {row["name"]: row for row in rows(here, "plugins")}
    assert [after.pop(name)["status"] for name in ("spiral/spiral", "broken/main")] == ["ok", "failed"]
    assert list(after.values()) == before


def rows(here: Callable, *command: str) -> list[dict]:
    done = here("ganzoo", *command, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
