"""Mutation test: remove each safeguard of the code in turn, and check that its test then fails.

    python benchmarks/guards.py [--only PART] [--jobs 2]

benchmarks/guards.toml lists the guards: a test, a file, a piece of its source, and the same piece without the guard.
All tests must pass in a copy of the checkout; then each guard is removed there in turn, and its test must fail.
Exits with 1 when a test passes without its guard, or when a piece of source is no longer found. Every row of
docs/design/trust.md is one of these guards.
"""

from __future__ import annotations

import argparse
import compileall
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Queue

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


def run_tests(tests: Iterable[str], tree: Path, timeout: float | None = None) -> tuple[int, str]:
    """Run tests in a copy of the checkout.

    Args:
        tests: Test identifiers, relative to tests/.
        tree: The copy.
        timeout: Seconds after which the tests are killed; None to wait for their end.

    Returns:
        The exit code, negative if they were killed, and what was printed.
    """
    paths = [str(tree), str(tree / "plugins"), str(tree / "tests"), *filter(None, [os.environ.get("PYTHONPATH")])]
    words = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", "--tb=no", "-rfE"]
    words += [f"tests/{test}" for test in tests]
    settings = {"PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            words, cwd=tree, env={**os.environ, **settings}, stdout=log, stderr=log, start_new_session=True
        )
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        log.seek(0)
        return process.returncode, log.read().decode(errors="replace")


def _place(test: str) -> tuple[str, int]:
    """Return the file of a test and its place there: the last test of a file may end what the others share."""
    file, *_, name = test.split("::")
    return file, (TOP / "tests" / file).read_text().find(f"def {name.partition('[')[0]}(")


class Copies:
    """Copies of the checkout, one for each guard that is tried at a time.

    Args:
        folder: Where they are made.
        n: Their number.
    """

    def __init__(self, folder: Path, n: int):
        self.free: Queue[Path] = Queue()
        for i in range(n):
            tree = folder / str(i)
            for name in COPIED:
                source = TOP / name
                (tree / name).parent.mkdir(parents=True, exist_ok=True)
                (shutil.copytree if source.is_dir() else shutil.copy2)(source, tree / name)
            compileall.compile_dir(tree, quiet=2)  # once, and not for every test
            self.free.put(tree)

    def failures(self, selected: Iterable[Guard]) -> list[str]:
        """Return those tests of the guards that fail with all guards in place; they run in one process.

        Raises:
            RuntimeError: A test does not exist, or pytest itself fails.
        """
        tests = sorted({guard.test for guard in selected}, key=_place)
        tree = self.free.get()
        code, output = run_tests(tests, tree)
        self.free.put(tree)
        if code not in (0, 1):
            raise RuntimeError(output)
        lines = [line for line in output.splitlines() if line.startswith(("FAILED tests/", "ERROR tests/"))]
        names = [line.split(" - ")[0].split("tests/", 1)[1] for line in lines]
        return [test for test in tests if any(f"{name}[".startswith((f"{test}[", f"{test}::")) for name in names)]

    def try_out(self, guard: Guard) -> str:
        """Return the problem with a guard, or "" when its test fails without it."""
        tree = self.free.get()
        path = tree / guard.file
        try:
            path.write_text(without(guard, path.read_text()))
            code, _ = run_tests([guard.test], tree, TIMEOUT)
            return {0: "passes without the guard", 4: "does not exist", 5: "does not exist"}.get(code, "")
        except ValueError as error:
            return str(error)
        finally:
            shutil.copy2(TOP / guard.file, path)
            self.free.put(tree)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    selected = [guard for guard in guards() if options.only in guard.test]
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="guards-") as folder, ThreadPoolExecutor(options.jobs) as pool:
        copies = Copies(Path(folder), options.jobs)
        failures = pool.submit(copies.failures, selected)
        for guard, problem in zip(selected, pool.map(copies.try_out, selected), strict=True):
            print(f"{'WRONG' if problem else 'good '} {guard.test} {problem}", flush=True)
            wrong += bool(problem)
        for test in failures.result():
            print(f"WRONG {test} fails with the guard in place")
            wrong += 1
    print(f"{len(selected)} guards, {wrong} wrong")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
