"""Crash test: kill a run many times at random moments, resume it each time, and check that nothing was lost.

    python benchmarks/kill.py [--kills 200] [--recipe cgan_emnist] [--seed 0] [--real] [key=value ...]

Trains once without interruption. Then trains the same recipe again and kills it with SIGKILL, at moments drawn
uniformly from its start-up and a part of its training, and resumes it with `ganzoo resume` or `ganzoo run --resume`.
When a run finishes before it is killed, the next run begins. After every kill, each visible file of the run folder
must be complete, and the newest checkpoint no older than before. When a run has finished, its weights, averages,
optimizers, random generators, logged losses and pictures must equal those of the uninterrupted run, bit for bit.
Otherwise the command says what was lost and exits with 1.

Processes are forked from one that has imported PyTorch. `--real` starts a new interpreter each time, which takes
seconds.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Protocol

import intact
from ganzoo.errors import GanzooError
from ganzoo.sampling.run import Run

RECIPE = "cgan_emnist"
SMALL = ["dataset.use=glyphs", "dataset.n=300", 'dataset.characters="AB"', "run.steps=2000", "run.batch_size=16"]
SMALL += ["run.save=20", "run.log=10", "run.sample=40"]
NETWORKS = ["generator.z_dim=8", "generator.width=1", "discriminator.width=1", "discriminator.hidden=8"]  # of RECIPE
PART = 0.2  # fraction of the training time within which a process is killed


class Process(Protocol):
    """A running `ganzoo` command."""

    def ended(self, seconds: float | None = None) -> int | None:
        """Wait for the process.

        Args:
            seconds: Longest time to wait, or None to wait until it ends.

        Returns:
            The exit code, or None when the process is still running.
        """

    def kill(self) -> None: ...


class Real:
    """A `ganzoo` command in a new interpreter."""

    def __init__(self, arguments: list[str], log: Path):
        with log.open("w") as file:
            self.process = subprocess.Popen([sys.executable, "-m", "ganzoo", *arguments], stdout=file, stderr=file)

    def ended(self, seconds: float | None = None) -> int | None:
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


PRELOADED = ("ganzoo.cli.run", "ganzoo.cli.resume", "ganzoo.training.loop", "torch._dynamo")


class Forked:
    """A `ganzoo` command forked from a server process that has only imported the necessary modules."""

    server = multiprocessing.get_context("forkserver")
    server.set_forkserver_preload([*PRELOADED, "intact"])

    def __init__(self, arguments: list[str], log: Path):
        self.process = self.server.Process(target=command, args=(arguments, log))
        self.process.start()

    def ended(self, seconds: float | None = None) -> int | None:
        self.process.join(seconds)
        return self.process.exitcode

    def kill(self) -> None:
        self.process.kill()
        self.process.join()


def command(arguments: list[str], log: Path) -> None:
    """Run `ganzoo` in this process, with its output in the log file."""
    from ganzoo.cli import cli

    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(file, 1)
    os.dup2(file, 2)
    cli(arguments, prog_name="ganzoo")


class Lost(Exception):
    """A kill damaged a run, or changed its result."""


class Campaign:
    """A series of kills of runs.

    Args:
        start: Class that starts a process.
        recipe: Name of the recipe.
        overrides: Changes of the recipe, such as "run.steps=2000".
        out: Folder for the runs and the log.
        seed: Seed of the moments of the kills.
    """

    def __init__(self, start: type[Process], recipe: str, overrides: list[str], out: Path, seed: int):
        self.start = start
        self.out = out
        self.log = out / "log.txt"
        self.run = ["run", recipe, *overrides]
        self.random = random.Random(seed)
        self.kills: Counter[str] = Counter()  # by the activity that was interrupted
        self.finished = 0

    def undisturbed(self) -> None:
        """Train once without interruption, and measure start-up and training time."""
        folder = self.out / "undisturbed"
        self.start(["--version"], self.log).ended()  # so that the fork server imports PyTorch before the clock starts
        start = time.monotonic()
        process = self.start([*self.run, "--out", str(folder)], self.log)
        while process.ended(0.01) is None and not any(folder.glob("*/checkpoints/step-*")):
            pass
        self.start_up = time.monotonic() - start
        if code := process.ended():
            raise Lost(f"the undisturbed run ended with {code}:\n{self.log.read_text()}")
        self.training = time.monotonic() - start - self.start_up
        self.reference = Run.open(folder)

    def kill(self, times: int) -> None:
        """Start and kill runs until this total number of kills; then let the last run finish."""
        while sum(self.kills.values()) < times:
            self.one_run(times)

    def one_run(self, times: int) -> None:
        """Kill and resume one run until it finishes; stop killing at this total number of kills."""
        folder = self.out / f"run-{self.finished}"
        newest = -1
        leftovers = partial(folder)
        while True:
            start = time.monotonic()
            process = self.start(self.continuing(folder), self.log)
            last = sum(self.kills.values()) >= times
            moment = None if last else self.random.uniform(0, self.start_up + PART * self.training)
            code = process.ended(moment)
            if code is None:
                process.kill()
            elif code != 0:
                raise Lost(f"went on with exit code {code}:\n{self.log.read_text()}")
            elif newest < 0:  # finished before its first kill: the machine was busier when training was timed
                self.training = min(self.training, time.monotonic() - start)
            before, newest = newest, self.check(folder, newest)
            if code is None:
                earlier, leftovers = leftovers, partial(folder)
                self.kills[activity(leftovers - earlier) or ("training" if newest > before else "starting")] += 1
            if any(Run(path.parent).status["state"] == "finished" for path in folder.glob("*/status.json")):
                self.compare(Run.open(folder))
                self.finished += 1
                return

    def continuing(self, folder: Path) -> list[str]:
        """Return `resume` or `run --resume` at random, always `run --resume` when there is no checkpoint yet."""
        if any(folder.glob("*/checkpoints/step-*")) and self.random.random() < 0.5:
            return ["resume", str(folder)]
        return [*self.run, "--out", str(folder), "--resume"]

    def check(self, folder: Path, newest: int) -> int:
        """Check the run folders after a kill.

        Args:
            folder: Folder that contains the runs.
            newest: Step of the newest checkpoint before, or -1.

        Returns:
            Step of the newest checkpoint now, or -1.

        Raises:
            Lost: A file is broken, a checkpoint is missing, or training started again from the beginning.
        """
        runs = [path for path in folder.glob("*") if path.is_dir()]
        if broken := [problem for run in runs for problem in intact.problems(run)]:
            raise Lost("\n".join(broken))
        if len(saved := [run for run in runs if intact.steps(run)]) > 1:
            raise Lost(f"started anew though there was a checkpoint: {saved}")
        now = max((step for run in saved for step in intact.steps(run)), default=-1)
        if now < newest:
            raise Lost(f"{folder}: the newest checkpoint was of step {newest}, and is of step {now}")
        return now

    def compare(self, run: Run) -> None:
        """Raise `Lost` when a finished run differs from the uninterrupted one."""
        if intact.bits(run) != intact.bits(self.reference):
            raise Lost(f"{run.latest} has other bits than {self.reference.latest}")
        if intact.left_behind(run) != intact.left_behind(self.reference):
            raise Lost(f"{run.folder}: its numbers or pictures are not those of {self.reference.folder}")


def partial(folder: Path) -> set[tuple[Path, int]]:
    """Return the partly written or partly removed files and folders, with their modification times in ns."""
    paths = [*folder.glob("*/.*-*"), *folder.glob("*/*/.*-*")]
    return {(path, path.stat().st_mtime_ns) for path in paths}


def activity(leftovers: set[tuple[Path, int]]) -> str:
    """Return the kind of file that was being written or removed, or "" when there are no leftovers."""
    for path, _ in leftovers:
        kind = "picture" if path.suffix == ".png" else "checkpoint" if path.parent.name == "checkpoints" else "file"
        return f"writing a {kind}"
    return ""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--recipe", default=RECIPE)
    parser.add_argument("--seed", type=int, default=0, help="seed of the moments of the kills")
    parser.add_argument("--real", action="store_true", help="start a new interpreter for every process")
    parser.add_argument("overrides", nargs="*", metavar="key=value")
    options = parser.parse_intermixed_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    overrides = [*SMALL, *(NETWORKS if options.recipe == RECIPE else []), *options.overrides]
    start = time.monotonic()
    out = Path(tempfile.mkdtemp(prefix="ganzoo-kill-"))
    campaign = Campaign(Real if options.real else Forked, options.recipe, overrides, out, options.seed)
    try:
        campaign.undisturbed()
        campaign.kill(options.kills)
    except (Lost, GanzooError) as lost:
        sys.exit(f"LOST after {sum(campaign.kills.values())} kills: {lost}\nEverything is kept in {out}")
    shutil.rmtree(out)
    activities = ", ".join(f"{name} ({count})" for name, count in campaign.kills.most_common())
    print(
        f"{sum(campaign.kills.values())} kills of {campaign.finished} runs in {time.monotonic() - start:.0f} s, "
        f"nothing lost, every finished run equal to the uninterrupted one bit for bit. Killed while {activities}."
    )


if __name__ == "__main__":
    main()
