"""Wait policy of each command, the user's own variables, and the number of cores."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from ganzoo.utils import openmp
from helpers.commands import ganzoo

linux_only = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="another OpenMP runtime")


@pytest.fixture(autouse=True)
def nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openmp, "_set_here", set())
    for name in (*openmp.WAITING, "OMP_NUM_THREADS", "WORLD_SIZE"):
        monkeypatch.setenv(name, "")  # so that it is restored
        monkeypatch.delenv(name)


def waiting() -> dict[str, str]:
    return {name: os.environ[name] for name in openmp.WAITING if name in os.environ}


@linux_only
@pytest.mark.parametrize("command", openmp.TRAINING)
def test_training_spins_for_a_moment(command: str) -> None:
    openmp.set_wait_policy(command)
    assert waiting() == {"GOMP_SPINCOUNT": openmp.SPIN_COUNT}


@pytest.mark.parametrize("command", ["sample", "evaluate", "doctor", None])
def test_other_commands_sleep(command: str | None) -> None:
    openmp.set_wait_policy("run")
    openmp.set_wait_policy(command)
    assert waiting() == {"OMP_WAIT_POLICY": "passive"}


def test_several_processes_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    openmp.set_wait_policy("run")
    assert waiting() == {"OMP_WAIT_POLICY": "passive"}


@pytest.mark.parametrize("name", openmp.WAITING)
def test_the_users_own_variable_stays_alone(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "0")
    for command in ("run", "sample"):
        openmp.set_wait_policy(command)
        assert waiting() == {name: "0"}
    assert openmp.describe_waiting() == f"as the environment says: {name}=0"


@linux_only
def test_doctor_says_which_programs_have_which() -> None:
    result = ganzoo("doctor")
    (line,) = (line for line in result.stdout.splitlines() if line.startswith("waiting threads"))
    assert "GOMP_SPINCOUNT=10000 in `ganzoo run`, `ganzoo resume`, `ganzoo bench`" in line
    assert "a program or notebook that imports torch itself has the runtime's default" in line


def test_commands_set_it(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str | None] = []
    monkeypatch.setattr(openmp, "set_wait_policy", seen.append)
    ganzoo("list", "loss")
    ganzoo("run", "no-such-recipe")
    assert seen == ["list", "run"]


@pytest.mark.parametrize(
    ("value", "limit"), [("", None), ("4", 4), ("4,2", 4), (" 3 ", 3), ("0", None), ("many", None), ("-1", None)]
)
def test_thread_limit(value: str, limit: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", value)
    assert openmp.thread_limit() == limit


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="no affinity on this system")
@pytest.mark.parametrize(
    ("quota", "cores"), [("max 100000", 4), ("250000 100000", 2), ("50000 100000", 1), ("800000 100000", 4), (None, 4)]
)
def test_cores(quota: str | None, cores: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 2, 5, 7})
    monkeypatch.setattr(openmp, "CGROUP", tmp_path / "cpu.max")
    if quota:
        (tmp_path / "cpu.max").write_text(f"{quota}\n")
    assert openmp.cores() == cores
