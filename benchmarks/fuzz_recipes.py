"""Thousands of spoilt recipes, each of them good or refused with a readable message within a second.

    python benchmarks/fuzz_recipes.py [-n 10000] [--seed 0]

What a recipe may not do is asserted in tests/helpers/fuzzing.py. Memory is limited to 4 GiB beyond what torch has
mapped, so that an allocation out of a recipe's numbers fails here. It prints the outcomes and the memory used.
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
import fuzzing

ROOM = 4 * 2**30


@click.command()
@click.option("-n", default=10_000, show_default=True, help="How many recipes.")
@click.option("--seed", "chosen", default=0, show_default=True)
def main(n: int, chosen: int) -> None:
    outcomes: Counter[str] = Counter()
    slowest = 0.0
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        os.environ["GANZOO_DATA"] = str(Path(folder) / "data")
        watch = fuzzing.Watch()
        fuzzing.warm_up(Path(folder))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (mapped + ROOM, mapped + ROOM))

        @seed(chosen)
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
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(f"{dict(outcomes)}, slowest {slowest:.2f} s, memory grew by {grown / 2**10:.0f} MiB")


if __name__ == "__main__":
    main()
