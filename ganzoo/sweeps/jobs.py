"""Several workers of a sweep on this machine, each a process of its own, and a table of all trainings meanwhile."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from ganzoo.errors import Interrupted
from ganzoo.registry.discovery import Plugins
from ganzoo.sampling.run import Run
from ganzoo.sweeps.board import Board
from ganzoo.sweeps.claims import FOLDER
from ganzoo.sweeps.scoring import Scoring
from ganzoo.sweeps.trials import Sweep, trials
from ganzoo.sweeps.worker import Worker
from ganzoo.utils import openmp
from ganzoo.utils.signals import StopFlag

INTERVAL = 0.2  # seconds between two looks at the processes


def command(sweep: Sweep, scoring: Scoring) -> list[str]:
    """Return the command of a worker, which shares the sweep with all others.

    Args:
        sweep: The sweep.
        scoring: The scores to compute of each run.

    Returns:
        The words of the command.
    """
    words = [sys.executable, "-m", "ganzoo", "compare", *sweep.arguments(), "--claim"]
    words += [word for metric in scoring.metrics for word in ("--metric", metric)]
    words += ["--extractor", scoring.extractor] if scoring.extractor else []
    return words + (["-n", str(scoring.samples)] if scoring.samples else [])


def sweep_runs(
    sweep: Sweep, scoring: Scoring, plugins: Plugins, say: Callable[[str], None], jobs: int = 1, claim: bool = False
) -> list[Run]:
    """Train and score the trials of a sweep, where they are not yet.

    Args:
        sweep: The sweep.
        scoring: The scores to compute of each run.
        plugins: The loaded plugins.
        say: Called with each message for the user.
        jobs: Number of trainings at once, each in a process of its own.
        claim: Share the trials with all processes that do so in the same folder.

    Returns:
        The runs of the trials that did not fail, in their order.

    Raises:
        GanzooError: A recipe is wrong, every trial failed, or a signal asked this process to stop.
    """
    worker = Worker(trials(sweep, plugins), sweep.out, plugins, scoring, say, shared=claim or jobs > 1)
    if jobs > 1:
        run(worker, sweep, jobs)
    return worker.work()


def run(worker: Worker, sweep: Sweep, jobs: int) -> None:
    """Run workers in processes of their own until all of them have ended.

    The cores are divided among them. A worker that is killed costs nothing but time: the others go on with its run.

    Args:
        worker: Tells which trials are left, and which scores to compute of each run.
        sweep: The sweep.
        jobs: Number of processes.

    Raises:
        Interrupted: A signal asked this process to stop. The workers have saved their runs.
    """
    threads = max(1, openmp.cores() // jobs)
    environment = {**os.environ, "OMP_NUM_THREADS": str(min(threads, openmp.thread_limit() or threads))}
    folder = worker.out / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    logs = [folder / f"worker-{k}.log" for k in range(1, jobs + 1)]
    worker.say(f"{jobs} workers with {threads} threads each; their messages are in {folder / 'worker-*.log'}")
    with ExitStack() as stack, StopFlag() as flag:
        board = stack.enter_context(Board(worker))
        processes = [_start(command(sweep, worker.scoring), log, environment) for log in logs]
        try:
            while any(process.poll() is None for process in processes):
                time.sleep(INTERVAL)
                board.update()
                if flag:
                    break
        finally:
            _end(processes)
        board.update(last=True)
    if flag:
        raise Interrupted(f"stopped by {flag.reason}. Go on with the same command: finished trainings are kept.")
    for process, log in zip(processes, logs, strict=True):
        if process.returncode:
            worker.say(f"a worker ended with exit code {process.returncode}: {_last_line(log)} (all of it is in {log})")


def _start(words: Sequence[str], log: Path, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    with log.open("wb") as file:
        return subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=file, env=environment
        )


def _end(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """Ask the processes that still run to save and stop, and wait for them; a second Ctrl-C reaches them as well."""
    for process in processes:
        if process.poll() is None:
            process.terminate()
    for process in processes:
        process.wait()


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"
