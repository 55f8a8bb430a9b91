"""Start-up time of ganzoo, compared with importing its libraries and reading the data.

    python benchmarks/start_up.py [--turns 15] [--only list|run] [--json]

Runs the two commands of each pair alternately; prints their median times and the ratio of the medians.

list: `ganzoo list --json` against importing click, rich and pluggy. The ratio should stay below 2.
run:  a complete run of one step, with pictures and checkpoint, against importing torch and reading MNIST. The ratio
      should stay below 1.5. Needs MNIST's unpacked files in GANZOO_DATA.
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
    """Run Python with these arguments, and return the wall-clock time in seconds."""
    with tempfile.TemporaryDirectory() as folder:
        more = [folder] if words[-1] == "--out" else []
        start = time.perf_counter()
        subprocess.run(
            [sys.executable, *words, *more], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        return time.perf_counter() - start


def compare(pair: dict[str, list[str]], turns: int) -> dict[str, Any]:
    """Run both commands alternately; return the median times, their ratio, and the ratio of each turn."""
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
    options = parser.parse_args()
    available = [name for name in PAIRS if name == "list" or "GANZOO_DATA" in os.environ]
    names = [options.only] if options.only else available
    results = {name: compare(PAIRS[name], options.turns) for name in names}
    if options.json:
        print(json.dumps(results))
        return
    for result in results.values():
        for name, median in result["seconds"].items():
            print(f"{1000 * median:6.0f} ms  {name}")
        print(f"{result['ratio']:6.2f}     ratio")


if __name__ == "__main__":
    main()
