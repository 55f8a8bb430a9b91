"""One exit code for each kind of mistake; 75, for a run that was stopped, is in tests/training/test_processes.py."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from ganzoo.cli import plugins
from ganzoo.training.session import Session
from helpers.commands import ganzoo, shell
from helpers.packages import install
from helpers.support import toml

LAZY = "import ganzoo\n@ganzoo.hookimpl\ndef ganzoo_register(zoo): zoo.add('loss', 'absent', 'not_there:Loss')\n"


@pytest.fixture
def points(tmp_path: Path) -> str:
    (tmp_path / "points.toml").write_text(toml())
    return str(tmp_path / "points.toml")


def test_0_when_all_went_well(points: str, tmp_path: Path) -> None:
    assert ganzoo("run", points, "run.steps=2", "--out", str(tmp_path)).exit_code == 0


def test_2_for_a_wrong_option(points: str) -> None:
    assert ganzoo("run", points, "--fast").exit_code == 2


def test_2_for_a_recipe_that_cannot_be_used(points: str, tmp_path: Path) -> None:
    assert ganzoo("run", points, "loss.use=none", "--out", str(tmp_path)).exit_code == 2


def test_3_for_data_that_is_missing(points: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANZOO_DATA", str(tmp_path / "empty"))
    result = ganzoo("run", points, "dataset.use=kmnist", "--out", str(tmp_path))
    assert result.exit_code == 3
    assert "ganzoo data get kmnist" in result.stderr


def test_4_for_a_run_that_diverged(points: str, tmp_path: Path) -> None:
    overrides = ("optimizer.use=sgd", "optimizer.lr=1e30", "loss.use=least_squares", "run.log=1")
    result = ganzoo("run", points, *overrides, "--out", str(tmp_path))
    assert result.exit_code == 4
    assert "diverged at step" in result.stderr
    assert "Try a smaller learning rate" in result.stderr


@pytest.mark.parametrize("verb", ["resume", "sample"])
def test_5_for_a_folder_that_is_no_run(verb: str, tmp_path: Path) -> None:
    result = ganzoo(verb, str(tmp_path))
    assert result.exit_code == 5
    assert str(tmp_path) in result.stderr


def test_6_for_a_component_that_cannot_be_imported(points: str, tmp_path: Path) -> None:
    install(tmp_path, "ganzoo-acme", LAZY)
    done = shell("check", points, "loss.use=absent", site=tmp_path)
    assert done.returncode == 6
    assert "loss 'acme/absent' could not be loaded from not_there:Loss: ModuleNotFoundError" in done.stderr
    assert "`ganzoo plugins` shows which package it comes from" in done.stderr


def test_a_mistake_is_no_traceback(points: str) -> None:
    done = shell("run", points, "run.step=2")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Error: " in done.stderr
    assert "Traceback" not in done.stderr


def test_6_in_a_folder_that_was_deleted(points: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    result = ganzoo("check", points)
    assert result.exit_code == 6
    assert "Change to another: cd ~" in result.stderr and result.stderr.count("\n") == 1


def test_data_that_end_early_are_no_abortion_by_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """click prints "Aborted!" for an EOFError, as if somebody had closed the input of a question."""

    def end(**_: object) -> None:
        raise EOFError("Ran out of input")

    monkeypatch.setattr(plugins.command, "callback", end)
    result = ganzoo("plugins")
    assert isinstance(result.exception, RuntimeError) and isinstance(result.exception.__cause__, EOFError)
    assert str(result.exception) == "data ended where more was expected"
    assert "Aborted" not in result.output


@pytest.mark.parametrize("allocate", [lambda: torch.empty(2**50), lambda: np.empty(2**58), lambda: bytearray(2**62)])
def test_6_when_memory_runs_out(allocate: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugins.command, "callback", lambda **_: allocate())
    result = ganzoo("plugins")
    assert result.exit_code == 6
    assert result.stderr.startswith("Error: memory has run out: ") and "Traceback" not in result.stderr
    assert result.stderr.endswith(" or close other programs.\n")


def test_other_errors_are_not_taken_for_a_lack_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugins.command, "callback", lambda **_: torch.empty(2) + torch.empty(3))
    assert isinstance(ganzoo("plugins").exception, RuntimeError)


def test_a_training_that_runs_out_of_memory_is_recorded_with_what_to_do(
    points: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Session, "step", lambda self, t: torch.empty(2**50))
    result = ganzoo("run", points, "--out", str(tmp_path / "runs"))
    assert result.exit_code == 6 and "Use a smaller run.batch_size" in result.stderr
    (status,) = (tmp_path / "runs").glob("*/status.json")
    recorded = json.loads(status.read_text())
    assert recorded["state"] == "failed" and "memory has run out" in str(recorded)
