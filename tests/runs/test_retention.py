"""The checkpoints that are kept and removed."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from ganzoo.errors import RunError
from ganzoo.runs import retention
from ganzoo.runs.checkpoint import Checkpoint, write
from ganzoo.sampling.run import Run


def save(checkpoints: Path, *steps: int, keep: int = 2) -> None:
    for step in steps:
        write(checkpoints, step, Checkpoint({"model": {"w": torch.zeros(1)}}), keep=keep)


def steps(checkpoints: Path) -> list[int]:
    return [retention.step_of(folder) for folder in retention.in_order(checkpoints)]


def test_the_oldest_go(tmp_path: Path) -> None:
    save(tmp_path, 1, 2, 3, 4)
    assert steps(tmp_path) == [3, 4]


@pytest.mark.parametrize("keep", [-1, 0, 1])
def test_two_stay_whatever_is_asked(keep: int, tmp_path: Path) -> None:
    save(tmp_path, 1, 2, 3, keep=keep)
    assert steps(tmp_path) == [2, 3]


def test_the_best_stays(tmp_path: Path) -> None:
    run = Run(tmp_path)
    save(run.checkpoints, 1, 2)
    run.mark_best(1)
    save(run.checkpoints, 3, 4, 5)
    assert steps(run.checkpoints) == [1, 4, 5]
    run.mark_best(5)
    save(run.checkpoints, 6)
    assert steps(run.checkpoints) == [5, 6]


def test_what_is_not_there_is_not_the_best(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no such checkpoint"):
        Run(tmp_path).mark_best(7)


def test_a_run_that_goes_on_from_an_older_one_keeps_what_it_writes(tmp_path: Path) -> None:
    """Later steps, which belong to a future that was left, wait until they are written again."""
    save(tmp_path, 10, 20, 30, keep=3)
    save(tmp_path, 12)
    assert steps(tmp_path) == [10, 12, 20, 30]
    assert retention.latest(tmp_path).name == "step-00000012"
    save(tmp_path, 20)
    assert steps(tmp_path) == [12, 20, 30]


def test_pruning_that_fails_does_not_fail_the_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(retention, "prune", fails)
    save(tmp_path, 1, 2, 3)
    assert steps(tmp_path) == [1, 2, 3]
    assert retention.latest(tmp_path).name == "step-00000003"
