"""Mutation test: remove each safeguard of the code in turn, and check that its test then fails.

    python benchmarks/guards.py [--only PART] [--jobs 2]

benchmarks/guards.toml lists the guards: a test, a file, a piece of its source, and the same piece without the guard.
For each guard, the checkout is copied; the test must pass in the copy, and fail there after the guard is removed.
Exits with 1 when a test passes without its guard, or when a piece of source is no longer found. Every row of
docs/design/trust.md is one of these guards.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).parents[1]
COPIED = ("ganzoo", "plugins", "recipes", "tests", "benchmarks", "docs", "pyproject.toml", "README.md")
TIMEOUT = 150  # seconds; without its guard a test may hang


@dataclass(frozen=True)
class Guard:
    """A safeguard in the code and the test that holds it.

    Attributes:
        test: Test identifier, relative to tests/.
        file: Source file that contains the guard.
        old: Piece of the source with the guard; it occurs once in `file`.
        new: The same piece without the guard.
    """

    test: str
    file: str
    old: str
    new: str


def guards() -> list[Guard]:
    with Path(__file__).with_suffix(".toml").open("rb") as file:
        return [Guard(**entry) for entry in tomllib.load(file)["guard"]]


def without(guard: Guard, source: str) -> str:
    """Return the source without the guard.

    Args:
        guard: Guard to remove.
        source: Contents of its file.

    Returns:
        The changed source.

    Raises:
        ValueError: The piece does not occur exactly once.
    """
    if source.count(guard.old) != 1:
        raise ValueError(f"{guard.file} holds this {source.count(guard.old)} times, not once: {guard.old}")
    return source.replace(guard.old, guard.new)


def passes(test: str, tree: Path) -> bool:
    """Return True when the test passes in the copy of the checkout; a test that hangs is killed and fails."""
    paths = [str(tree), str(tree / "plugins"), *filter(None, [os.environ.get("PYTHONPATH")])]
    words = [sys.executable, "-m", "pytest", "-q", "-x", "-n", "0", "-p", "no:cacheprovider", f"tests/{test}"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1"}
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(words, cwd=tree, env=environment, stdout=log, stderr=log, start_new_session=True)
        try:
            return process.wait(TIMEOUT) == 0
        except subprocess.TimeoutExpired:
            return False
        finally:
            if process.poll() is None:
                os.killpg(process.pid, 9)
                process.wait()


def try_out(guard: Guard) -> str:
    """Return the problem with the guard's test, or "" when it passes with the guard and fails without it."""
    with tempfile.TemporaryDirectory(prefix="guard-") as folder:
        tree = Path(folder)
        for name in COPIED:
            source = TOP / name
            copy = shutil.copytree if source.is_dir() else shutil.copy
            copy(source, tree / name)
        if not passes(guard.test, tree):
            return "fails with the guard in place"
        path = tree / guard.file
        try:
            path.write_text(without(guard, path.read_text()))
        except ValueError as error:
            return str(error)
        return "passes without the guard" if passes(guard.test, tree) else ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    selected = [guard for guard in guards() if options.only in guard.test]
    wrong = 0
    with ThreadPoolExecutor(options.jobs) as pool:
        for guard, problem in zip(selected, pool.map(try_out, selected), strict=True):
            print(f"{'WRONG' if problem else 'good '} {guard.test} {problem}", flush=True)
            wrong += bool(problem)
    print(f"{len(selected) - wrong} of {len(selected)} tests fail without their guard, and only then")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
