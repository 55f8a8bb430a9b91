"""Take every guard out, one after the other, and see its test fail: a test that cannot fail guards nothing.

    python benchmarks/guards.py [--only PART] [--jobs 2]

benchmarks/guards.toml names the guards: a test, a file, a piece of it, and what stands there without the guard. Each is
taken out of a copy of the checkout, and the test has to fail there; first it has to pass untouched. Exits with 1 when a
test passes without its guard, or a piece is no longer found. Every row of docs/design/trust.md is one of them.
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
PATIENCE = 150  # seconds; without its guard a test may wait for ever


@dataclass(frozen=True)
class Guard:
    """One guard. `test` is below tests/; `old` stands once in `file`, and `new` is the same without the guard."""

    test: str
    file: str
    old: str
    new: str


def guards() -> list[Guard]:
    with Path(__file__).with_suffix(".toml").open("rb") as file:
        return [Guard(**entry) for entry in tomllib.load(file)["guard"]]


def without(guard: Guard, source: str) -> str:
    """Errors: ValueError when the piece does not stand there exactly once."""
    if source.count(guard.old) != 1:
        raise ValueError(f"{guard.file} holds this {source.count(guard.old)} times, not once: {guard.old}")
    return source.replace(guard.old, guard.new)


def passes(test: str, tree: Path) -> bool:
    paths = [str(tree), str(tree / "plugins"), *filter(None, [os.environ.get("PYTHONPATH")])]
    words = [sys.executable, "-m", "pytest", "-q", "-x", "-n", "0", "-p", "no:cacheprovider", f"tests/{test}"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1"}
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(words, cwd=tree, env=environment, stdout=said, stderr=said, start_new_session=True)
        try:
            return process.wait(PATIENCE) == 0
        except subprocess.TimeoutExpired:
            return False
        finally:
            if process.poll() is None:
                os.killpg(process.pid, 9)
                process.wait()


def try_out(guard: Guard) -> str:
    """What is wrong with the guard's test; nothing when it fails without the guard, and only then."""
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
    given = parser.parse_args()
    chosen = [guard for guard in guards() if given.only in guard.test]
    wrong = 0
    with ThreadPoolExecutor(given.jobs) as pool:
        for guard, problem in zip(chosen, pool.map(try_out, chosen), strict=True):
            print(f"{'WRONG' if problem else 'good '} {guard.test} {problem}", flush=True)
            wrong += bool(problem)
    print(f"{len(chosen) - wrong} of {len(chosen)} tests fail without their guard, and only then")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
