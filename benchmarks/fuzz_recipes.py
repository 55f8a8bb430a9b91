"""Fuzz test of recipes: each spoilt recipe is accepted, or refused in time with a readable message.

    python benchmarks/fuzz_recipes.py [-n 10000] [--commands 100] [--seed 0]

tests/helpers/fuzzing.py contains the assertions. Every hundredth case also goes through `ganzoo check`. Each case may
allocate 1 GiB more than the process has mapped before it, so a huge number in a recipe that becomes an allocation fails
here. Hypothesis draws the cases in parts of 500, because it keeps what it has drawn until the end of a part. Prints the
cases that are wrong, the number of accepted and refused recipes, the slowest case and the memory growth; exits with 1
if a case is wrong.

benchmarks/fuzz_files.py does the same for manifests, configs and status files.
"""

from __future__ import annotations

import math
import os
import resource
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import click
from click.testing import CliRunner
from hypothesis import HealthCheck, Phase, given, seed, settings

from ganzoo.cli import cli

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from helpers import fuzzing

SECONDS = 10.0  # of processor time for one case, in both ways
MEMORY_LIMIT = 2**30  # bytes beyond those mapped before the case
PART = 500  # cases


def through_command(case: fuzzing.Case) -> str:
    """Run `ganzoo check` on the recipe that outcome() has written; return what was wrong, or ""."""
    result = CliRunner().invoke(cli, ["check", f"recipe{case.suffix}", *case.overrides])
    if result.exception and not isinstance(result.exception, SystemExit):
        return "".join(traceback.format_exception(result.exception))
    return "" if result.exit_code in (0, *fuzzing.EXIT_CODES) else f"exit code {result.exit_code}: {result.output}"


@contextmanager
def limited_memory() -> Iterator[None]:
    """Let an allocation of more than MEMORY_LIMIT fail inside the block."""
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (mapped + MEMORY_LIMIT, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


@click.command()
@click.option("-n", default=10_000, show_default=True, help="Number of recipes.")
@click.option("--commands", default=100, show_default=True, help="Cases that go through the command, too.")
@click.option("--seed", "random_seed", default=0, show_default=True)
def main(n: int, commands: int, random_seed: int) -> None:
    outcomes: Counter[str] = Counter()
    slowest, began = 0.0, time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        os.environ["GANZOO_DATA"] = str(Path(folder) / "data")
        watch = fuzzing.Watch()
        fuzzing.warm_up(Path(folder))
        CliRunner().invoke(cli, ["check", "recipe.json"])
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

        def each(case: fuzzing.Case) -> None:
            nonlocal slowest
            start, error = time.process_time(), ""
            with limited_memory():
                try:
                    outcome = "good" if fuzzing.outcome(case, Path(folder), watch) == "good" else "refused"
                except Exception:
                    outcome, error = "wrong", traceback.format_exc()
                if not error and outcomes.total() % max(1, n // max(1, commands)) == 0:
                    error = through_command(case)
            seconds = time.process_time() - start
            slowest = max(slowest, seconds)
            if error or seconds > SECONDS:
                outcome = "wrong"
                print(f"--- {outcomes.total()}: {seconds:.1f} s, {repr(case)[:2000]}\n{error[-1500:]}", flush=True)
            outcomes[outcome] += 1

        with suppress(KeyboardInterrupt):  # Ctrl-C shows what came out so far
            for i in range(math.ceil(n / PART)):
                part = settings(
                    max_examples=min(PART, n - i * PART),
                    deadline=None,
                    database=None,
                    phases=[Phase.generate],
                    suppress_health_check=[*HealthCheck],
                )
                seed(random_seed * n + i)(part(given(fuzzing.CASES)(each)))()
        growth = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        os.chdir("/")
    print(
        f"{outcomes.total():,} cases, seed {random_seed}: {dict(outcomes)}, slowest {slowest:.2f} s, "
        f"{time.process_time() - began:.0f} s of processor time, memory grew by {growth / 2**10:.0f} MiB"
    )
    sys.exit(1 if outcomes["wrong"] else 0)


if __name__ == "__main__":
    main()
