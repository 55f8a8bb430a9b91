"""Comparison of `run.threads = "auto"` with fixed numbers of threads and wait policies: a table of docs/benchmarks.md.

    python benchmarks/threads.py [--write docs/benchmarks.md] [--recipe gan_mnist ...] [--situation quiet ...]
        [--rounds 3] [--quick]

Trains each recipe for a while in each situation: on a quiet machine, beside a program that keeps one core busy, and
beside one that comes after a third of the time and goes after two thirds. Counts the steps of each setting, in a new
process each time and in alternating order, and divides them by those of the best fixed setting. Needs the recipes'
data in GANZOO_DATA and a machine with nothing else to do: about 15 minutes a recipe and round on two cores. `--quick`
checks that everything runs; its figures are meaningless.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import marks
import table
from ganzoo.utils import openmp

TOP = Path(__file__).parents[1]
BEGIN = marks.begin("written by benchmarks/threads.py")
RECIPES = ("gan_mnist", "cgan_mnist", "dcgan_mnist")
WAITING = ("OMP_NUM_THREADS", *openmp.WAITING)
SAME = 0.9  # of the steps of the best fixed setting, which `auto` should reach


@dataclass(frozen=True)
class Setting:
    """A number of threads, and the environment that says how idle threads wait."""

    name: str
    threads: str
    environment: dict[str, str]


@dataclass(frozen=True)
class Situation:
    """Seconds of training, and those between which another program keeps a core busy."""

    name: str
    seconds: float
    begin: float = 0.0
    end: float = 0.0


def settings(most: int) -> list[Setting]:
    """Return the fixed settings with one and with `most` threads, and `auto`, which is the last."""
    passive = {"OMP_WAIT_POLICY": "passive"}
    several = {
        "passive": passive,
        "GOMP_SPINCOUNT=1000": {"GOMP_SPINCOUNT": "1000"},
        "GOMP_SPINCOUNT=10000": {"GOMP_SPINCOUNT": "10000"},
        "GOMP_SPINCOUNT=100000": {"GOMP_SPINCOUNT": "100000"},
        "active": {"OMP_WAIT_POLICY": "active"},
    }
    fixed = [Setting(f"{most} threads, {name}", str(most), variables) for name, variables in several.items()]
    return [Setting("1 thread", "1", passive), *fixed, Setting("auto", "auto", {"GOMP_SPINCOUNT": openmp.SPIN_COUNT})]


SITUATIONS = [
    Situation("quiet", 20),
    Situation("one busy neighbour", 20, 0, 20),
    Situation("one that comes and goes", 60, 20, 40),
]


def train(recipe: str, threads: str, seconds: float) -> dict[str, Any]:
    """Train in this process for some seconds after a line arrives on stdin.

    Args:
        recipe: Name of the recipe.
        threads: `run.threads`.
        seconds: Duration, without imports, data and building of networks.

    Returns:
        The number of steps, and the lines of `auto`.
    """
    from ganzoo.benchmark.throughput import Training
    from ganzoo.cli.run import read_recipe
    from ganzoo.registry import discovery

    training = Training(read_recipe(recipe, (f"run.threads={threads}",), discovery.load()), steps=10**6)
    news = []
    print("ready", flush=True)
    sys.stdin.readline()
    began = time.perf_counter()
    with training.threads:
        while (elapsed := time.perf_counter() - began) < seconds:
            training.step()
            if line := training.threads.news():
                news.append(f"{elapsed:.1f} s: {line}")
        elapsed = time.perf_counter() - began
    return {"steps": training.t, "seconds": elapsed, "news": news}


def measure(recipe: str, setting: Setting, situation: Situation) -> dict[str, Any]:
    """Train in a new process, beside the neighbour of the situation; return what train() returned there."""
    environment = {name: value for name, value in os.environ.items() if name not in WAITING}
    environment |= {"PYTHONPATH": f"{TOP}{os.pathsep}{TOP / 'plugins'}", **setting.environment}
    words = [sys.executable, __file__, "--train", recipe, setting.threads, str(situation.seconds)]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(words, env=environment, **pipes) as process:
        assert process.stdin and process.stdout
        if process.stdout.readline() != "ready\n":
            raise SystemExit(f"{recipe} cannot be trained: run `ganzoo run {recipe} run.steps=1`")
        process.stdin.write("\n")
        process.stdin.flush()
        time.sleep(situation.begin)
        if situation.end:
            with neighbour():
                time.sleep(situation.end - situation.begin)
        output = process.stdout.read()
    document: dict[str, Any] = json.loads(output)
    return document


@contextmanager
def neighbour() -> Iterator[None]:
    """Keep one core busy inside the block."""
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        process.kill()
        process.wait()


def rows(recipe: str, situations: list[Situation], rounds: int, most: int) -> list[str]:
    """Measure a recipe in all situations.

    Args:
        recipe: Name of the recipe.
        situations: The situations.
        rounds: Number of measurements of each setting.
        most: Number of threads of the fixed settings with several.

    Returns:
        The rows of the table, one for each situation.
    """
    compared = settings(most)
    lines = []
    for situation in situations:
        pace: dict[str, list[float]] = {setting.name: [] for setting in compared}
        for round in range(rounds):
            for setting in compared if round % 2 == 0 else reversed(compared):
                result = measure(recipe, setting, situation)
                pace[setting.name].append(1000 * result["seconds"] / result["steps"])
                told = "; ".join(result["news"])
                print(f"{recipe}, {situation.name}, {setting.name}: {pace[setting.name][-1]:.1f} ms a step  {told}",
                      file=sys.stderr, flush=True)  # fmt: skip
        lines.append(row(recipe, situation.name, {name: statistics.median(each) for name, each in pace.items()}))
    return lines


def row(recipe: str, situation: str, pace: dict[str, float]) -> str:
    """Return a row: milliseconds a step by setting, and the speed of `auto` relative to the best fixed setting."""
    best = min(milliseconds for name, milliseconds in pace.items() if name != "auto")
    share = best / pace["auto"]
    verdict = "holds" if share >= SAME else f"misses by {(SAME - share) / SAME:.0%}"
    return f"| {recipe}, {situation} | {' | '.join(f'{each:.1f}' for each in pace.values())} | {share:.2f} {verdict} |"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", type=Path)
    parser.add_argument("--recipe", nargs="+", default=RECIPES)
    parser.add_argument("--situation", nargs="+", help="names, or their beginnings; all by default")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--train", nargs=3, metavar=("RECIPE", "THREADS", "SECONDS"), help="used by this program")
    options = parser.parse_args()
    if options.train:
        recipe, threads, seconds = options.train
        print(json.dumps(train(recipe, threads, float(seconds))))
        return
    page = options.write.read_text() if options.write else f"{BEGIN}{marks.END}"
    marks.insert(page, BEGIN, "")  # fails on missing marks before the measurement, not after it
    situations = [s for s in SITUATIONS if s.name.startswith(tuple(options.situation or [""]))]
    if options.quick:
        situations = [Situation(s.name, s.seconds / 10, s.begin / 10, s.end / 10) for s in situations]
    most = max(2, openmp.cores())
    head = ["milliseconds a step", *(setting.name for setting in settings(most)), "best fixed / auto"]
    lines = [f"| {' | '.join(head)} |", f"| --- {'| ---: ' * (len(head) - 1)}|"]
    introduction = table.machine()
    for recipe in options.recipe:
        lines += rows(recipe, situations, 1 if options.quick else options.rounds, most)
    text = "\n".join([introduction, "", *lines])
    if options.write:
        options.write.write_text(marks.insert(page, BEGIN, text))
    else:
        print(text)


if __name__ == "__main__":
    main()
