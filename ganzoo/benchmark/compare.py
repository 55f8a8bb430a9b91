"""Speed comparison of two ways to train the same GAN: alternating measurements, each in a new process.

The order alternates too, because the load of a machine changes from minute to minute.
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

TOP = Path(__file__).parents[2]  # of the checkout
FOLDERS = {"loop": "loops", "script": "scripts"}  # of references, below benchmarks/
REQUIRED = ("seconds", "images", "peak_bytes")  # keys of a measurement


def reference(recipe: Recipe, against: str, steps: int, warmup: int, threads: int) -> list[str]:
    """Find a reference implementation.

    Args:
        recipe: The recipe; a reference of the checkout has its name.
        against: "loop" or "script" for a reference of the checkout, or the path of a script.
        steps: Number of measured steps.
        warmup: Number of steps before them.
        threads: Number of threads.

    Returns:
        The command that measures it.

    Raises:
        GanzooError: There is no such reference.
    """
    path = Path(against)
    if against in FOLDERS:
        folder = TOP / "benchmarks" / FOLDERS[against]
        path = folder / f"{recipe.name}.py"
        if not folder.is_dir():
            raise GanzooError(
                f"--against {against}: an installed ganzoo has no benchmarks. Run it in a clone of the repository, or "
                "give the path of a script of your own (docs/benchmarks.md)."
            )
    if not path.is_file():
        names = ", ".join(sorted(script.stem for script in path.parent.glob("*.py"))) if against in FOLDERS else ""
        hint = f" There are: {names}." if names else ""
        raise GanzooError(
            f"--against {against}: no file {path}.{hint} Give the path of a script that keeps the protocol of "
            "docs/benchmarks.md."
        )
    run = recipe.run
    options = {"steps": steps, "warmup": warmup, "threads": threads, "batch-size": run.batch_size, "seed": run.seed}
    options |= {"ema": run.ema, "log": run.log}  # type: ignore[dict-item]
    return [sys.executable, str(path), *(word for name, value in options.items() for word in (f"--{name}", str(value)))]


def ours(recipe: str, overrides: Sequence[str], steps: int, warmup: int, threads: int, processes: int = 1) -> list[str]:
    """Build the command that measures a recipe with ganzoo.

    Args:
        recipe: Name or path of the recipe.
        overrides: Overrides of its settings.
        steps: Number of measured steps.
        warmup: Number of steps before them.
        threads: Number of threads of each process.
        processes: Number of processes.

    Returns:
        The words of the command.
    """
    start = [sys.executable]
    if processes > 1:
        start += ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", str(processes)]
    sizes = ["--steps", str(steps), "--warmup", str(warmup), "--threads", str(threads)]
    return [*start, "-m", "ganzoo", "bench", recipe, *overrides, *sizes, "--rounds", "1", "--json"]


def run(
    first: list[str], second: list[str], rounds: int, threads: int, say: Callable[[str], None] = lambda line: None
) -> dict[str, Any]:
    """Measure two commands alternately.

    Args:
        first: Command of the first way to train.
        second: Command of the second way to train.
        rounds: Number of measurements of each.
        threads: Number of threads of each process.
        say: Receives a line of text after each round.

    Returns:
        All measurements, and the ratios of the first to the second: above 1 if it is faster, or needs more memory.

    Raises:
        GanzooError: The networks have different numbers of parameters.
        SetupError: A measurement failed.
    """
    pairs: list[tuple[dict[str, Any], dict[str, Any]]] = []
    for index in range(rounds):
        if index % 2 == 0:
            a, b = measure(first, threads), measure(second, threads)
        else:
            b, a = measure(second, threads), measure(first, threads)
        pairs.append((a, b))
        say(f"{index + 1}/{rounds}: {speed(a) / speed(b):.3f}")
    _check_same_networks(*pairs[0])
    ratios: dict[str, Any] = {"speed": [speed(a) / speed(b) for a, b in pairs]}
    ratios["memory"] = [a["peak_bytes"] / b["peak_bytes"] for a, b in pairs]
    if all("cpu_seconds" in measured for pair in pairs for measured in pair):
        ratios["cpu_speed"] = [speed(a, "cpu_seconds") / speed(b, "cpu_seconds") for a, b in pairs]
    return {
        "rounds": rounds,
        "ratios": {name: {**throughput.spread(values), "each": values} for name, values in ratios.items()},
        "first": [a for a, _ in pairs],
        "second": [b for _, b in pairs],
    }


def measure(command: list[str], threads: int) -> dict[str, Any]:
    """Measure one command.

    Args:
        command: Prints one line of JSON at its end.
        threads: Number of threads of the process.

    Returns:
        The measurement, which is that line.

    Raises:
        SetupError: The process failed, or its last line is no measurement.
    """
    path = os.pathsep.join([str(TOP), *filter(None, [os.environ.get("PYTHONPATH")])])
    variables = {"PYTHONPATH": path, "OMP_NUM_THREADS": str(threads), "GANZOO_DATA": str(data_root())}
    environment = {**os.environ, **variables}
    process = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    try:
        measured: dict[str, Any] = json.loads(process.stdout.splitlines()[-1])
        if process.returncode or not all(measured[name] > 0 for name in REQUIRED):
            raise ValueError("not a measurement")
    except (ValueError, IndexError, KeyError, TypeError) as error:
        output = "\n".join([*process.stdout.splitlines()[-2:], *process.stderr.splitlines()[-5:]])
        raise SetupError(
            f"`{' '.join(command)}` ended with {process.returncode} and no JSON line with {', '.join(REQUIRED)} "
            f"({type(error).__name__}: {error}). It said:\n{output}\nRun it by itself to mend it."
        ) from error
    return measured


def speed(measured: dict[str, Any], clock: str = "seconds") -> float:
    """Compute the speed of a measurement.

    Args:
        measured: The measurement.
        clock: "seconds", or "cpu_seconds" for the time of the processor.

    Returns:
        Images per second.
    """
    return float(measured["images"] / measured[clock])


def _check_same_networks(first: dict[str, Any], second: dict[str, Any]) -> None:
    ours, theirs = first.get("parameters"), second.get("parameters")
    if ours and theirs and ours != theirs:
        raise GanzooError(
            f"the recipe trains {ours:,} parameters and the reference {theirs:,}: they are not the same networks. "
            "Leave out the settings that change them, or give another reference."
        )
