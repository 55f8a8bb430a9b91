"""Workers as jobs of a batch system, by submitit's executor for this machine."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from ganzoo.errors import RecipeError, SetupError
from ganzoo.sweeps import batch

ENDS_LATE = "echo begun >> {log}; trap 'echo stopped >> {log}; exit 75' USR1; for k in $(seq 100); do sleep 0.05; done"


def _run(tmp_path: Path, command: list[str], seconds: int = 1, **environment: str) -> int:
    """Run the script of a job with this number of seconds; return its exit code."""
    script = batch.SCRIPT.format(seconds=seconds, command=batch.shlex.join(command))
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", **environment}
    return subprocess.run(["bash", "-c", script, script], env=environment, check=False).returncode


def test_a_job_of_slurm_that_ran_out_of_time_is_queued_again(tmp_path: Path) -> None:
    log = tmp_path / "log"
    (tmp_path / "scontrol").write_text(f'#!/bin/sh\necho "$@" >> {log}\n')
    (tmp_path / "scontrol").chmod(0o755)
    assert _run(tmp_path, ["bash", "-c", ENDS_LATE.format(log=log)], SLURM_JOB_ID="42") == 0
    assert log.read_text().split() == ["begun", "stopped", "requeue", "42"]


def test_elsewhere_a_worker_that_ran_out_of_time_starts_again(tmp_path: Path) -> None:
    log = tmp_path / "log"
    twice = f"[ $(grep -c begun {log} 2> /dev/null || true) = 1 ] && exit 0; " + ENDS_LATE.format(log=log)
    assert _run(tmp_path, ["bash", "-c", twice], SLURM_JOB_ID="") == 0
    assert log.read_text().split() == ["begun", "stopped"]


@pytest.mark.parametrize("code", [0, 3, 75])
def test_a_job_that_ends_in_time_keeps_its_exit_code(code: int, tmp_path: Path) -> None:
    """Exit code 75 before the limit is that of a job that was cancelled, and not one to be queued again."""
    assert _run(tmp_path, ["bash", "-c", f"exit {code}"], seconds=60, SLURM_JOB_ID="42") == code


def test_parameters_are_given_as_toml_or_text() -> None:
    given = ["timeout_min=90", "slurm_partition=gpu", "slurm_constraint='a&b'", "slurm_use_srun=false"]
    assert batch.settings(given) == {
        "timeout_min": 90,
        "slurm_partition": "gpu",
        "slurm_constraint": "a&b",
        "slurm_use_srun": False,
    }


@pytest.mark.parametrize("given", ["timeout_min", "timeout_min=soon", "timeout_min=0"])
def test_parameters_that_cannot_be_are_refused(given: str) -> None:
    with pytest.raises(RecipeError, match="--job"):
        batch.settings([given])


@pytest.mark.parametrize(("minutes", "seconds"), [(240, 14100), (4, 120), (0.1, 3)])
def test_a_worker_is_stopped_before_the_time_limit(minutes: float, seconds: int) -> None:
    assert f"--signal=USR1 {seconds} 'a b'" in batch._script(["a b"], minutes)[0]


def test_without_slurm_the_error_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("submitit")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SetupError, match=r"--on slurm: .*srun"):
        batch.submit(["true"], tmp_path, 1, "slurm", {})


def test_submitit_runs_the_command_and_gets_no_function(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    submitit = pytest.importorskip("submitit")
    jobs = []
    submit = submitit.AutoExecutor.submit

    def noted(executor: object, worker: object) -> object:
        jobs.append(submit(executor, worker))
        assert isinstance(worker, submitit.helpers.CommandFunction)
        return jobs[-1]

    monkeypatch.setattr(submitit.AutoExecutor, "submit", noted)
    command = ["bash", "-c", f"echo worked >> {tmp_path}/log"]
    ids = batch.submit(command, tmp_path, 2, "local", {"timeout_min": 2})
    for job in jobs:
        job.result()
    assert len(set(ids)) == 2 and (tmp_path / "log").read_text() == "worked\n" * 2
