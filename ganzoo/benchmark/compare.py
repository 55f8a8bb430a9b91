"""Two ways to train the same GAN in turn, each time in a fresh process: which is faster, and by how much.

Turns alternate, and so does who begins, since a machine is never as quiet in one minute as in the next.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ganzoo.benchmark import throughput
from ganzoo.config.recipe import Recipe
from ganzoo.data.sources import data_root
from ganzoo.errors import GanzooError, SetupError

TREE = Path(__file__).parents[2]
FOLDERS = {"loop": "loops", "script": "scripts"}
NEEDED = ("seconds", "images", "peak_bytes")


def reference(recipe: Recipe, against: str, steps: int, warmup: int, threads: int) -> list[str]:
    """The command of a reference: a script by path, or the checkout's loop or script of the recipe's name.

    Errors: GanzooError when there is none.
    """
    path = Path(against)
    if against in FOLDERS:
        folder = TREE / "benchmarks" / FOLDERS[against]
        path = folder / f"{recipe.name}.py"
        if not folder.is_dir():
            raise GanzooError(
                f"--against {against}: an installed ganzoo has no benchmarks. Run it in a clone of the repository, or "
                "give the path of a script of your own (docs/benchmarks.md)."
            )
    if not path.is_file():
        known = ", ".join(sorted(one.stem for one in path.parent.glob("*.py"))) if against in FOLDERS else ""
        there = f" There are: {known}." if known else ""
        raise GanzooError(
            f"--against {against}: no file {path}.{there} Give the path of a script that keeps the protocol of "
            "docs/benchmarks.md."
        )
    run = recipe.run
    asked = {"steps": steps, "warmup": warmup, "threads": threads, "batch-size": run.batch_size, "seed": run.seed}
    asked |= {"ema": run.ema, "log": run.log}  # type: ignore[dict-item]
    return [sys.executable, str(path), *(word for name, value in asked.items() for word in (f"--{name}", str(value)))]


def ours(recipe: str, overrides: Sequence[str], steps: int, warmup: int, threads: int, processes: int = 1) -> list[str]:
    """The command that measures a recipe in a process of its own, or in several."""
    start = [sys.executable]
    if processes > 1:
        start += ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", str(processes)]
    sizes = ["--steps", str(steps), "--warmup", str(warmup), "--threads", str(threads)]
    return [*start, "-m", "ganzoo", "bench", recipe, *overrides, *sizes, "--rounds", "1", "--json"]


def run(
    first: list[str], second: list[str], rounds: int, threads: int, say: Callable[[str], None] = lambda line: None
) -> dict[str, Any]:
    """Every measurement of both, and the ratios of the first to the second: above 1 is faster, or larger, as named."""
    turns: list[tuple[dict[str, Any], dict[str, Any]]] = []
    for index in range(rounds):
        if index % 2 == 0:
            one, other = turn(first, threads), turn(second, threads)
        else:
            other, one = turn(second, threads), turn(first, threads)
        turns.append((one, other))
        say(f"{index + 1}/{rounds}: {speed(one) / speed(other):.3f}")
    _check_same_networks(*turns[0])
    ratios: dict[str, Any] = {"speed": [speed(one) / speed(other) for one, other in turns]}
    ratios["memory"] = [one["peak_bytes"] / other["peak_bytes"] for one, other in turns]
    if all("cpu_seconds" in one for pair in turns for one in pair):
        ratios["cpu_speed"] = [speed(one, "cpu_seconds") / speed(other, "cpu_seconds") for one, other in turns]
    return {
        "rounds": rounds,
        "ratios": {name: {**throughput.spread(values), "each": values} for name, values in ratios.items()},
        "first": [one for one, _ in turns],
        "second": [other for _, other in turns],
    }


def turn(command: list[str], threads: int) -> dict[str, Any]:
    """One measurement. Errors: SetupError when the process fails or says something else than one JSON line."""
    path = os.pathsep.join([str(TREE), *filter(None, [os.environ.get("PYTHONPATH")])])
    more = {"PYTHONPATH": path, "OMP_NUM_THREADS": str(threads), "GANZOO_DATA": str(data_root())}
    environment = {**os.environ, **more}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    try:
        measured: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        if done.returncode or not all(measured[name] > 0 for name in NEEDED):
            raise ValueError("not a measurement")
    except (ValueError, IndexError, KeyError, TypeError) as error:
        said = "\n".join([*done.stdout.splitlines()[-2:], *done.stderr.splitlines()[-5:]])
        raise SetupError(
            f"`{' '.join(command)}` ended with {done.returncode} and no JSON line with {', '.join(NEEDED)} "
            f"({type(error).__name__}: {error}). It said:\n{said}\nRun it by itself to mend it."
        ) from error
    return measured


def speed(measured: dict[str, Any], clock: str = "seconds") -> float:
    """Images a second."""
    return float(measured["images"] / measured[clock])


def _check_same_networks(one: dict[str, Any], other: dict[str, Any]) -> None:
    mine, theirs = one.get("parameters"), other.get("parameters")
    if mine and theirs and mine != theirs:
        raise GanzooError(
            f"the recipe trains {mine:,} parameters and the reference {theirs:,}: they are not the same networks. "
            "Leave out the settings that change them, or give another reference."
        )
