"""Fuzz test of recipes: each spoilt recipe is accepted, or refused within a second with a readable message.

    python benchmarks/fuzz_recipes.py [-n 10000] [--seed 0]

tests/helpers/fuzzing.py contains the assertions. The process may allocate 4 GiB more than it holds after importing
torch, so a huge number in a recipe that becomes an allocation fails here. Prints the number of accepted and refused
recipes, the slowest case and the memory growth.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import click
from hypothesis import HealthCheck, Phase, given, seed, settings

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from helpers import fuzzing

MEMORY_LIMIT = 4 * 2**30  # bytes beyond those mapped at the start


@click.command()
@click.option("-n", default=10_000, show_default=True, help="Number of recipes.")
@click.option("--seed", "random_seed", default=0, show_default=True)
def main(n: int, random_seed: int) -> None:
    outcomes: Counter[str] = Counter()
    slowest = 0.0
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        os.environ["GANZOO_DATA"] = str(Path(folder) / "data")
        watch = fuzzing.Watch()
        fuzzing.warm_up(Path(folder))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (mapped + MEMORY_LIMIT, mapped + MEMORY_LIMIT))

        @seed(random_seed)
        @settings(
            max_examples=n,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=[*HealthCheck],
        )
        @given(fuzzing.CASES)
        def each(case: fuzzing.Case) -> None:
            nonlocal slowest
            start = time.perf_counter()
            message = fuzzing.outcome(case, Path(folder), watch)
            slowest = max(slowest, time.perf_counter() - start)
            outcomes["good" if message == "good" else "refused"] += 1

        each()
        growth = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(f"{dict(outcomes)}, slowest {slowest:.2f} s, memory grew by {growth / 2**10:.0f} MiB")


if __name__ == "__main__":
    main()
