"""Measurement of all goals for speed and memory: the table of docs/benchmarks.md.

    python benchmarks/table.py [--write docs/benchmarks.md] [--only PART] [--rounds 5] [--quick]

Needs MNIST's unpacked files in GANZOO_DATA, and takes a quarter of an hour on two idle cores. `--write` replaces the
text between the two marks of the page. `--only` measures the goals with PART in their name and keeps the page's other
rows. `--quick` checks that every command runs; its figures are meaningless.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import marks
from ganzoo.utils import processor

HERE = Path(__file__).parent
BEGIN, END = marks.begin("written by benchmarks/table.py"), marks.END
CORES = os.cpu_count() or 1


@dataclass(frozen=True)
class Goal:
    """A bound on a measured ratio.

    Attributes:
        name: Description in the table.
        words: Arguments of the Python command that measures it and prints JSON.
        bound: Value to reach.
        ratios: Function that takes the ratio of each round from the command's JSON.
        at_most: True when `bound` is an upper bound.
        unit: Unit of the value, with a leading space.
    """

    name: str
    words: tuple[str, ...]
    bound: float
    ratios: Callable[[Any], list[float]]
    at_most: bool = False
    unit: str = ""


def against(
    recipe: str, reference: str, bound: float, steps: int, *overrides: str, of: str = "speed", **fields: Any
) -> Goal:
    """Return the goal of `ganzoo bench` against a reference.

    Args:
        recipe: Name of the recipe.
        reference: "script" or "loop".
        bound: Value to reach.
        steps: Number of steps to time.
        *overrides: Changes of the recipe.
        of: "speed" or "memory".
        **fields: Further fields of the goal.

    Returns:
        The goal.
    """
    words = ("-m", "ganzoo", "bench", recipe, *overrides, "--against", reference, "--steps", str(steps))
    words = (*words, "--warmup", str(max(2, steps // 8)))
    name = f"{recipe} against the {reference}" + (", memory" if of == "memory" else "")
    return Goal(name, words, bound, lambda result: result["ratios"][of]["each"], **fields)


def loop(recipe: str, steps: int) -> list[Goal]:
    """Return the goals of speed and memory against the tuned loop; one measurement serves both."""
    speed = against(recipe, "loop", 0.97, steps)
    return [speed, against(recipe, "loop", 1.15, steps, of="memory", at_most=True)]


SCALING = ("-m", "ganzoo", "bench", "dcgan_mnist_printed", "--processes", "2", "--steps", "12", "--warmup", "3")
GOALS = [
    against("gan_mnist_printed", "script", 3.0, 150, "run.ema=0"),
    against("cgan_mnist_printed", "script", 2.5, 150, "run.ema=0"),
    against("dcgan_mnist_printed", "script", 2.5, 12, "run.ema=0"),
    *loop("gan_mnist_printed", 150),
    *loop("cgan_mnist_printed", 150),
    *loop("dcgan_mnist_printed", 16),
    *loop("wgan_gp_mnist_printed", 80),
    Goal("two processes against one", SCALING, 1.8, lambda result: result["ratios"]["speed"]["each"]),
    Goal(
        "a run of one step against import torch and the data",
        (str(HERE / "start_up.py"), "--only", "run", "--json"), 1.5, lambda result: result["run"]["each"], at_most=True,
    ),
    Goal(
        "growth of memory in 20,000 steps",
        (str(HERE / "memory.py"), "--json"), 4.0, lambda result: [result["growth_mib"]], at_most=True, unit=" MiB",
    ),
]  # fmt: skip


def command(goal: Goal, rounds: int, quick: bool) -> list[str]:
    """Return the command that measures a goal, with the number of rounds."""
    words = [sys.executable, *goal.words]
    if "bench" in words:
        words += ["--rounds", str(rounds), "--json"]
    if "--turns" not in words and "start_up.py" in words[1]:
        words += ["--turns", str(rounds)]
    if quick:
        tiny = {"bench": ["--steps", "1", "--warmup", "0"], "memory.py": ["--steps", "40"]}
        words += next((more for name, more in tiny.items() if any(word.endswith(name) for word in words)), [])
    return words


def measure(goal: Goal, rounds: int, quick: bool, done: dict[str, Any]) -> str:
    """Measure a goal.

    Args:
        goal: The goal.
        rounds: Number of alternations.
        quick: Run one step only.
        done: Results by command; goals with the same command share one measurement.

    Returns:
        The row of the table. If the command fails, the row contains the error.
    """
    bound = f"{'at most' if goal.at_most else 'at least'} {goal.bound:g}{goal.unit}"
    words = command(goal, rounds, quick)
    key = " ".join(words)
    shown = "`" + key.replace(sys.executable, "python").replace(f"{HERE}/", "benchmarks/") + "`"
    if key not in done:
        process = subprocess.run(words, capture_output=True, text=True, check=False)
        done[key] = process.stdout.splitlines()[-1] if process.returncode == 0 else process
    if not isinstance(done[key], str):
        message = (done[key].stderr.strip().splitlines() or ["nothing"])[-1].replace("|", "\\|")
        return f"| {goal.name} | {bound} | not measured | {message} | {shown} |"
    each = goal.ratios(json.loads(done[key]))
    median = statistics.median(each)
    holds = median <= goal.bound if goal.at_most else median >= goal.bound
    verdict = "holds" if holds else f"misses by {abs(median - goal.bound) / goal.bound:.0%}"
    spread = f" ({min(each):.2f} to {max(each):.2f})" if len(each) > 1 else ""
    return f"| {goal.name} | {bound} | {median:.2f}{goal.unit}{spread} | {verdict} | {shown} |"


def machine() -> str:
    """Return the date, the machine, its load and the versions of the software."""
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("torch", "torchvision", "accelerate"))
    load = f"load {os.getloadavg()[0]:.1f} at the start, " if hasattr(os, "getloadavg") else ""
    today = datetime.datetime.now(datetime.UTC).date()
    return (
        f"{today}, {processor.name()}, {CORES} cores, {load}{platform.system()} {platform.release().split('-')[0]},\n"
        f"Python {platform.python_version()}, {versions}."
    )


def insert(page: str, text: str) -> str:
    return marks.insert(page, BEGIN, text)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", type=Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    page = options.write.read_text() if options.write else f"{BEGIN}{END}"
    insert(page, "")  # fails on missing marks before the measurement, not after it
    head = ["| what | goal | median (lowest to highest) | | command |", "| --- | --- | --- | --- | --- |"]
    introduction = machine()
    rows: list[str] = []
    done: dict[str, Any] = {}
    for goal in GOALS:
        if options.only in goal.name:
            rows.append(measure(goal, 1 if options.quick else options.rounds, options.quick, done))
            print(rows[-1], file=sys.stderr, flush=True)
        else:
            rows += [line for line in page.splitlines() if line.startswith(f"| {goal.name} |")]
    text = "\n".join([introduction, "", *head, *rows])
    if options.write:
        options.write.write_text(insert(page, text))
    else:
        print(text)


if __name__ == "__main__":
    main()
