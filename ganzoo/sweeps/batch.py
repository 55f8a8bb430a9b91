"""Workers of a sweep as jobs of a batch system. submitit submits them, and is handed a command line, no function."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ganzoo.config.parser import parse_toml
from ganzoo.errors import RecipeError, SetupError, describe
from ganzoo.sweeps.claims import FOLDER

SYSTEMS = ("slurm", "local")
TIMEOUT, MINUTES = "timeout_min", 240  # submitit's name of the time limit, and its value unless it is given
RESERVE = 5  # minutes before the time limit at which a worker is asked to save and stop
SCRIPT = """\
timeout --preserve-status --signal=USR1 {seconds} {command}
code=$?
if [ $code != 75 ] || [ $SECONDS -lt {seconds} ]; then exit $code; fi
if [ -n "$SLURM_JOB_ID" ]; then exec scontrol requeue "$SLURM_JOB_ID"; fi
exec bash -c "$0" "$0"
"""
"""Runs a worker until the time is almost over. Exit code 75 says that it has saved its run and has more to do: a job of
Slurm is queued again, and elsewhere the worker starts again. A job that was cancelled ends before, and stays so."""


def submit(command: Sequence[str], out: Path, jobs: int, system: str, parameters: Mapping[str, Any]) -> list[str]:
    """Submit jobs that each run a worker of a sweep.

    Args:
        command: The words of a worker's command.
        out: The folder of runs; logs go to a folder in it.
        jobs: Number of jobs.
        system: "slurm", or "local" for processes of this machine, to try the way.
        parameters: Parameters of submitit, such as {"timeout_min": 60, "slurm_partition": "gpu"}.

    Returns:
        The identifiers of the jobs.

    Raises:
        SetupError: submitit is not installed, there is no such batch system, or it refuses the jobs.
    """
    try:
        from submitit import AutoExecutor
        from submitit.helpers import CommandFunction
    except ImportError:
        raise SetupError("--on needs submitit: pip install 'ganzoo-torch[slurm]'") from None
    parameters = {TIMEOUT: MINUTES, **parameters}
    worker = CommandFunction(["bash", "-c", *_script(command, parameters[TIMEOUT])], cwd=Path.cwd())
    try:
        executor = AutoExecutor(folder=out / FOLDER / "jobs", cluster=system)
        executor.update_parameters(**parameters)
        return [str(executor.submit(worker).job_id) for _ in range(jobs)]
    except (RuntimeError, ValueError, NameError, OSError) as error:
        raise SetupError(f"--on {system}: {describe(error)}") from error


def settings(given: Sequence[str]) -> dict[str, Any]:
    """Return the parameters for submitit that are given as KEY=VALUE; a value is TOML, or a text without quotes.

    Args:
        given: The parameters.

    Returns:
        Values by name.

    Raises:
        RecipeError: One is not KEY=VALUE, or the time limit is too short.
    """
    parameters = {}
    for setting in given:
        name, equals, text = setting.partition("=")
        if not equals:
            raise RecipeError(f"--job {setting!r}: write KEY=VALUE, such as timeout_min=60 or slurm_partition=gpu")
        try:
            parameters[name.strip()] = parse_toml(f"value = {text}")["value"]
        except ValueError:
            parameters[name.strip()] = text.strip()
    limit = parameters.get(TIMEOUT, MINUTES)
    if not isinstance(limit, (int, float)) or limit <= 0:
        raise RecipeError(f"--job {TIMEOUT}: give a number of minutes, such as {TIMEOUT}=60")
    return parameters


def _script(command: Sequence[str], minutes: float) -> list[str]:
    """Return the script of a job, and itself once more as its $0, with which it starts again."""
    reserve = min(RESERVE, minutes / 2)
    script = SCRIPT.format(seconds=max(1, round(60 * (minutes - reserve))), command=shlex.join(command))
    return [script, script]
