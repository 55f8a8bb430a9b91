"""kill -9 at random moments costs nothing, and what looks for damage finds it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import intact
from ganzoo.sampling.run import Run
from helpers.support import environment, tiny, train

KILL = Path(__file__).parents[2] / "benchmarks" / "kill.py"


@pytest.mark.slow
def test_kills_cost_nothing() -> None:
    ended = subprocess.run(
        [sys.executable, str(KILL), "--kills", "5", "run.steps=300"],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert ended.returncode == 0, ended.stderr
    assert re.match(r"5 kills of \d+ runs in \d+ s, nothing lost", ended.stdout)


def fresh(out: Path, *settings: str) -> Run:
    return train(replace(tiny("", "run.ema=0.9", "run.save=3", *settings), text=b"{}"), out)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return fresh(tmp_path_factory.mktemp("trained"))


@pytest.fixture
def run(trained: Run, tmp_path: Path) -> Run:
    """A copy to break."""
    return Run(Path(shutil.copytree(trained.folder, tmp_path / "run")))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def test_a_whole_run_has_no_problems(run: Run) -> None:
    assert intact.problems(run.folder) == []
    assert intact.steps(run.folder) == [6, 9, 12]


@pytest.mark.parametrize("name", ["samples/real.png", "losses.png", "status.json", "resolved.json", "provenance.json"])
def test_a_file_that_was_cut_off_is_found(name: str, run: Run) -> None:
    cut(run.folder / name)
    (problem,) = intact.problems(run.folder)
    assert name in problem


@pytest.mark.parametrize("step", [6, 9])
def test_a_checkpoint_that_was_half_removed_is_found(step: int, run: Run) -> None:
    (run.checkpoints / f"step-{step:08d}" / "optimizer.safetensors").unlink()
    (problem,) = intact.problems(run.folder)
    assert f"step-{step:08d}/optimizer.safetensors" in problem


def test_a_newest_checkpoint_that_is_not_whole_is_found(run: Run) -> None:
    cut(run.latest / "model.safetensors")
    damaged, named, newest = intact.problems(run.folder)
    assert "model.safetensors: damaged" in damaged
    assert "latest names 'step-00000012'" in named
    assert newest.endswith("the newest checkpoint is not whole")


def test_a_pointer_to_nothing_is_found(run: Run) -> None:
    (run.checkpoints / "latest").write_text("step-00000099")
    (problem,) = intact.problems(run.folder)
    assert "latest names 'step-00000099'" in problem


def test_a_row_cut_off_in_the_middle_is_found_and_at_the_end_is_allowed(run: Run) -> None:
    journal = run.folder / "metrics.jsonl"
    rows = journal.read_text()
    journal.write_text(rows + '{"step": 13, "gener')
    assert intact.problems(run.folder) == []
    journal.write_text('{"step": 3, "gener\n' + rows)
    (problem,) = intact.problems(run.folder)
    assert "5 lines, 4 rows" in problem
    journal.write_text(rows + rows)
    assert any("do not go up" in problem for problem in intact.problems(run.folder))


def test_hidden_files_may_be_half_written(run: Run) -> None:
    for name in (".partial-status.json", "samples/.partial-real.png", "checkpoints/.partial-step-00000015/state.json"):
        (run.folder / name).parent.mkdir(exist_ok=True)
        (run.folder / name).write_text("{")
    assert intact.problems(run.folder) == []


def test_two_equal_runs_have_equal_bits(trained: Run, tmp_path: Path) -> None:
    assert intact.bits(fresh(tmp_path)) == intact.bits(trained)
    assert intact.left_behind(fresh(tmp_path)) == intact.left_behind(trained)


@pytest.mark.parametrize("setting", ["run.seed=1", "run.steps=13", "optimizer.lr=1e-4", "run.ema=0.1"])
def test_bits_tell_runs_apart(setting: str, trained: Run, tmp_path: Path) -> None:
    assert intact.bits(fresh(tmp_path, setting)) != intact.bits(trained)


def test_pictures_and_numbers_are_compared(run: Run, trained: Run) -> None:
    changes: list[Callable[[], object]] = [
        lambda: (run.samples / "real.png").unlink(),
        lambda: (run.folder / "metrics.jsonl").write_text("\n"),
    ]
    for change in changes:
        before = intact.left_behind(run)
        change()
        assert intact.left_behind(run) != before
