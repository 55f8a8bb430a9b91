"""How long `ganzoo list --json` takes to start, beside the imports that no such command line can do without.

    python benchmarks/start_up.py

The two are run in turn, fifteen times; printed are their medians and the ratio, which is to stay below 2.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

TURNS = 15
COMMANDS = {
    "import click, rich, pluggy": [sys.executable, "-c", "import click, rich, pluggy"],
    "ganzoo list --json": [sys.executable, "-m", "ganzoo", "list", "--json"],
}


def seconds(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    for command in COMMANDS.values():
        seconds(command)  # fills the disk cache and __pycache__
    turns = [[seconds(command) for command in COMMANDS.values()] for _ in range(TURNS)]
    base, listing = map(statistics.median, zip(*turns, strict=True))
    for name, median in zip(COMMANDS, (base, listing), strict=True):
        print(f"{1000 * median:6.0f} ms  {name}")
    print(f"{listing / base:6.2f}     ratio")


if __name__ == "__main__":
    main()
