"""How long ganzoo takes to start, beside the imports and the data that no such command line can do without.

    python benchmarks/start_up.py [--turns 15] [--only list|run] [--json]

Two pairs, each run in turn; printed are their medians and the ratio of the medians.

list: `ganzoo list --json` beside importing click, rich and pluggy; the ratio is to stay below 2.
run:  a whole run of one step, pictures and checkpoint included, beside importing torch and reading MNIST; to stay below
      1.5. Needs MNIST's unpacked files below GANZOO_DATA.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any

READ = """
import os, numpy, torch
for name, offset in (("train-images-idx3", 16), ("train-labels-idx1", 8)):
    file = os.path.join(os.environ["GANZOO_DATA"], "MNIST/raw", name + "-ubyte")
    torch.from_numpy(numpy.fromfile(file, "u1", offset=offset))
"""
PAIRS = {
    "list": {
        "import click, rich, pluggy": ["-c", "import click, rich, pluggy"],
        "ganzoo list --json": ["-m", "ganzoo", "list", "--json"],
    },
    "run": {
        "import torch, read MNIST": ["-c", READ],
        "ganzoo run gan_mnist run.steps=1": ["-m", "ganzoo", "run", "gan_mnist", "run.steps=1", "--out"],
    },
}


def seconds(words: list[str]) -> float:
    with tempfile.TemporaryDirectory() as folder:
        more = [folder] if words[-1] == "--out" else []
        start = time.perf_counter()
        subprocess.run(
            [sys.executable, *words, *more], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        return time.perf_counter() - start


def compare(pair: dict[str, list[str]], turns: int) -> dict[str, Any]:
    for words in pair.values():
        seconds(words)  # fills the disk cache and __pycache__
    measured = [[seconds(words) for words in pair.values()] for _ in range(turns)]
    base, ours = map(statistics.median, zip(*measured, strict=True))
    each = [b / a for a, b in measured]
    return {"seconds": dict(zip(pair, (base, ours), strict=True)), "ratio": ours / base, "each": each}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--turns", type=int, default=15)
    parser.add_argument("--only", choices=PAIRS)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    names = [chosen.only] if chosen.only else [name for name in PAIRS if name == "list" or "GANZOO_DATA" in os.environ]
    told = {name: compare(PAIRS[name], chosen.turns) for name in names}
    if chosen.json:
        print(json.dumps(told))
        return
    for one in told.values():
        for name, median in one["seconds"].items():
            print(f"{1000 * median:6.0f} ms  {name}")
        print(f"{one['ratio']:6.2f}     ratio")


if __name__ == "__main__":
    main()
