"""Kill a run again and again at random moments, go on each time, and see whether anything was lost.

    python benchmarks/kill.py [--kills 200] [--recipe cgan_emnist] [--seed 0] [--real] [key=value ...]

Trains once undisturbed. Then the same run is killed by SIGKILL, at moments drawn uniformly from its start-up and a part
of its life, and goes on by `ganzoo resume` or `ganzoo run --resume`; one that ends before its kill makes room for the
next. After every kill all that the run folder shows must be whole, and its newest checkpoint no older than before. At
every end weights, averages, optimizers, random generators, logged losses and pictures must be those of the undisturbed
run, bit for bit. Exits with 1 and says what was lost otherwise.

Processes are forked from one that has imported PyTorch; `--real` starts each of them afresh, which takes seconds.
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
NETWORKS = ["generator.z_dim=8", "generator.hidden=[16,16]", "discriminator.hidden=[16,16]"]  # of RECIPE
PART = 0.2  # of the training that a process may do before it is killed


class Process(Protocol):
    def ended(self, seconds: float | None = None) -> int | None:
        """The exit code, waited for so long; None when it still runs."""

    def kill(self) -> None: ...


class Real:
    """`ganzoo ...` in a new interpreter."""

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
    """`ganzoo ...` forked from a server that has imported what it needs, and has done nothing else."""

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
    from ganzoo.cli import cli

    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(file, 1)
    os.dup2(file, 2)
    cli(arguments, prog_name="ganzoo")


class Lost(Exception):
    """What a kill has cost."""


class Campaign:
    """Kills, one after the other, of runs in folders of their own below `out`."""

    def __init__(self, start: type[Process], recipe: str, overrides: list[str], out: Path, seed: int):
        self.start = start
        self.out = out
        self.log = out / "log.txt"
        self.run = ["run", recipe, *overrides]
        self.random = random.Random(seed)
        self.found: Counter[str] = Counter()
        self.finished = 0

    def undisturbed(self) -> None:
        """Train once, and time it."""
        folder = self.out / "undisturbed"
        self.start(["--version"], self.log).ended()  # the fork server imports PyTorch now
        begun = time.monotonic()
        process = self.start([*self.run, "--out", str(folder)], self.log)
        while process.ended(0.01) is None and not any(folder.glob("*/checkpoints/step-*")):
            pass
        self.start_up = time.monotonic() - begun
        if code := process.ended():
            raise Lost(f"the undisturbed run ended with {code}:\n{self.log.read_text()}")
        self.training = time.monotonic() - begun - self.start_up
        self.wanted = Run.open(folder)

    def kill(self, times: int) -> None:
        """Runs that are killed so many times in all; then the last one may end."""
        while sum(self.found.values()) < times:
            self.one_run(times)

    def one_run(self, times: int) -> None:
        folder = self.out / f"run-{self.finished}"
        newest, leftovers = -1, partial(folder)
        while True:
            begun = time.monotonic()
            process = self.start(self.going_on(folder), self.log)
            last = sum(self.found.values()) >= times
            moment = None if last else self.random.uniform(0, self.start_up + PART * self.training)
            code = process.ended(moment)
            if code is None:
                process.kill()
            elif code != 0:
                raise Lost(f"went on with exit code {code}:\n{self.log.read_text()}")
            elif newest < 0:  # all of it before its kill: the machine was busier when the undisturbed run was timed
                self.training = min(self.training, time.monotonic() - begun)
            before, newest = newest, self.check(folder, newest)
            if code is None:
                earlier, leftovers = leftovers, partial(folder)
                self.found[where(leftovers - earlier) or ("training" if newest > before else "starting")] += 1
            if any(Run(path.parent).status["state"] == "finished" for path in folder.glob("*/status.json")):
                self.compare(Run.open(folder))
                self.finished += 1
                return

    def going_on(self, folder: Path) -> list[str]:
        """Either of the two commands; only `run` can go on where there is no checkpoint yet."""
        if any(folder.glob("*/checkpoints/step-*")) and self.random.random() < 0.5:
            return ["resume", str(folder)]
        return [*self.run, "--out", str(folder), "--resume"]

    def check(self, folder: Path, newest: int) -> int:
        """The newest step that there is now."""
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
        if intact.bits(run) != intact.bits(self.wanted):
            raise Lost(f"{run.latest} has other bits than {self.wanted.latest}")
        if intact.left_behind(run) != intact.left_behind(self.wanted):
            raise Lost(f"{run.folder}: its numbers or pictures are not those of {self.wanted.folder}")


def partial(folder: Path) -> set[tuple[Path, int]]:
    """What is half written or half removed, and since when."""
    found = [*folder.glob("*/.*-*"), *folder.glob("*/*/.*-*")]
    return {(path, path.stat().st_mtime_ns) for path in found}


def where(leftovers: set[tuple[Path, int]]) -> str:
    """What was being written or removed."""
    for path, _ in leftovers:
        kind = "picture" if path.suffix == ".png" else "checkpoint" if path.parent.name == "checkpoints" else "file"
        return f"writing a {kind}"
    return ""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--recipe", default=RECIPE)
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--real", action="store_true", help="start every process afresh")
    parser.add_argument("overrides", nargs="*", metavar="key=value")
    given = parser.parse_intermixed_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    overrides = [*SMALL, *(NETWORKS if given.recipe == RECIPE else []), *given.overrides]
    out, begun = Path(tempfile.mkdtemp(prefix="ganzoo-kill-")), time.monotonic()
    campaign = Campaign(Real if given.real else Forked, given.recipe, overrides, out, given.seed)
    try:
        campaign.undisturbed()
        campaign.kill(given.kills)
    except (Lost, GanzooError) as lost:
        sys.exit(f"LOST after {sum(campaign.found.values())} kills: {lost}\nEverything is kept in {out}")
    shutil.rmtree(out)
    found = ", ".join(f"{what} ({count})" for what, count in campaign.found.most_common())
    print(
        f"{sum(campaign.found.values())} kills of {campaign.finished} runs in {time.monotonic() - begun:.0f} s, "
        f"nothing lost, every end bit for bit the undisturbed one. Killed while {found}."
    )


if __name__ == "__main__":
    main()
