"""Several processes that share a sweep: each training is done once, also when a process is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import ganzoo
from ganzoo.errors import RecipeError
from ganzoo.sweeps.jobs import command
from ganzoo.sweeps.scoring import Scoring
from ganzoo.sweeps.trials import Sweep
from helpers.commands import ganzoo as run_command
from helpers.support import toml

JUDGED = '\n[evaluate]\nsamples = 40\n[[metric]]\nuse = "frechet_distance"\n[extractor]\nuse = "raw"\n'
OVER = ("loss.use=hinge,minimax",)


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recipe") / "small.toml"
    path.write_text(toml() + JUDGED)
    return path


@pytest.fixture(scope="module")
def alone(recipe: Path) -> str:
    """The table of one process."""
    return _table(recipe, recipe.parent / "alone")


def _table(recipe: Path, out: Path, *more: str) -> str:
    asked = ["run.threads=1", "run.steps=300", "run.save=20", "--over", OVER[0], "--seeds", "2", "--out", str(out)]
    shown = run_command("compare", str(recipe), *asked, *more)
    assert shown.exit_code == 0, shown.output
    return shown.stdout


def _statuses(out: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_bytes()) for path in out.glob("*/status.json")]


def test_two_jobs_give_the_table_of_one_process(recipe: Path, alone: str, tmp_path: Path) -> None:
    assert _table(recipe, tmp_path, "--jobs", "2") == alone
    assert len(_statuses(tmp_path)) == 4


def test_a_worker_takes_over_what_a_killed_one_had_begun(recipe: Path, alone: str, tmp_path: Path) -> None:
    """Two workers share four trainings; one is killed in the middle of a training."""
    sweep = Sweep(str(recipe), ("run.threads=1", "run.steps=300", "run.save=20"), OVER, 2, tmp_path)
    words = command(sweep, Scoring())
    workers = [subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) for _ in range(2)]
    victim = _process_in_the_middle(tmp_path)
    os.kill(victim, signal.SIGKILL)
    tables = [worker.communicate(timeout=300)[0] for worker in workers]
    assert [worker.returncode for worker in workers].count(-signal.SIGKILL) == 1
    assert [table for worker, table in zip(workers, tables, strict=True) if worker.returncode == 0] == [alone]
    recipes = Counter((run.parent / "resolved.json").read_text() for run in tmp_path.glob("*/status.json"))
    assert len(recipes) == 4 and {*recipes.values()} == {1}  # each was begun once
    assert {status["state"] for status in _statuses(tmp_path)} == {"finished"}


def _process_in_the_middle(out: Path) -> int:
    """Wait until a training has a checkpoint, and return its process."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        for status in out.glob("*/status.json"):
            content = json.loads(status.read_bytes())
            if content["state"] == "running" and [*status.parent.glob("checkpoints/step-*/manifest.json")]:
                return int(content["pid"])
        time.sleep(0.01)
    raise AssertionError("no training came as far")


def test_a_comparison_from_python_is_that_of_the_command(recipe: Path, alone: str) -> None:
    over = {"loss.use": ["hinge", "minimax"]}
    changes = {"run.threads": 1, "run.steps": 300, "run.save": 20}
    table = ganzoo.compare(recipe, changes, over=over, seeds=2, out=recipe.parent / "alone")
    assert [row.label for row in table.rows] == ["loss.use=hinge", "loss.use=minimax"]
    shown = [line.split("|")[3].strip(" *") for line in alone.splitlines()[2:4]]
    cells = [row.cells["frechet_distance@raw"] for row in table.rows]
    assert shown == [f"{cell.mean:.4g} ± {cell.spread:.2g}" for cell in cells]
    runs = sorted((recipe.parent / "alone").glob("small-*"))
    assert ganzoo.compare(runs).rows[0].seeds == (0, 1)
    with pytest.raises(RecipeError, match="give its name in place of the runs"):
        ganzoo.compare(runs, seeds=2)


@pytest.mark.parametrize("option", [["--jobs", "2"], ["--claim"], ["--on", "local"]])
def test_runs_are_not_trained(option: list[str], recipe: Path, alone: str) -> None:
    shown = run_command("compare", str(recipe.parent / "alone"), *option)
    assert shown.exit_code == 2 and "name one in place of the runs" in shown.stderr


def test_a_worker_is_the_same_command_with_a_claim() -> None:
    sweep = Sweep("gan", ("run.steps=2",), OVER, 3, Path("there"))
    assert command(sweep, Scoring(("recall",), ("recall",), "raw", 40)) == [
        *(sys.executable, "-m", "ganzoo", "compare", "gan", "run.steps=2", "--over", OVER[0], "--seeds", "3"),
        *("--out", "there", "--claim", "--metric", "recall", "--extractor", "raw", "-n", "40"),
    ]
