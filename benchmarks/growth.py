"""Speed and memory as work grows: with width, batch, side, classes and examples, and with the length of a run.

    python benchmarks/growth.py                                   # prints the table
    python benchmarks/growth.py --write docs/benchmarks.md        # writes it, and docs/images/benchmarks/growth.png
    python benchmarks/growth.py --long 200000                     # the step time in a long run

Each point is the quickstart with one setting changed, measured by `ganzoo bench` on one thread in a process of its own.
Against the length of a run it measures a small GAN, whose own work hides nothing: the time of a step in the first and
in the last tenth.
"""

from __future__ import annotations

import json
import os
import statistics
import string
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import torch

import marks
from ganzoo.benchmark import throughput
from ganzoo.config import locate, resolver
from ganzoo.registry import discovery
from ganzoo.utils import openmp, processor
from memory import SMALL

BEGIN = marks.begin("written by benchmarks/growth.py")
PICTURE = Path(__file__).resolve().parents[1] / "docs/images/benchmarks/growth.png"
CHARACTERS = string.ascii_uppercase + string.digits + string.ascii_lowercase
AXES: dict[str, dict[int, tuple[str, ...]]] = {
    "width": {n: (f"generator.width={n}", f"discriminator.width={n}") for n in (8, 16, 32, 64)},
    "batch size": {n: (f"run.batch_size={n}",) for n in (16, 64, 256)},
    "side in pixels": {n: (f"dataset.size={n}",) for n in (28, 56, 112)},
    "classes": {n: (f'dataset.characters="{CHARACTERS[:n]}"',) for n in (2, 10, 26, 62)},
    "images": {n: (f"dataset.n={n}",) for n in (1_000, 10_000, 100_000)},
}
LENGTH = 20_000  # steps of the long run


def measure(changes: tuple[str, ...]) -> dict[str, Any]:
    """Measure the quickstart with changes in a new process."""
    options = ["--threads", "1", "--steps", "8", "--warmup", "3", "--rounds", "3", "--json"]
    command = [sys.executable, "-m", "ganzoo", "bench", "quickstart", *changes, *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: {done.stderr.strip()}")
    document: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return document


def long_run(steps: int) -> tuple[float, float]:
    """Return the median milliseconds of a step in the first and in the last tenth of a long run."""
    torch.set_num_threads(1)
    plugins = discovery.load()
    recipe, _ = resolver.read(locate.find("gan_mnist_printed", plugins), SMALL, plugins.zoo)
    training = throughput.Training(recipe, steps)
    durations = []
    for _ in range(steps):
        start = time.perf_counter()
        training.step()
        durations.append(1000 * (time.perf_counter() - start))
    return statistics.median(durations[: steps // 10]), statistics.median(durations[-steps // 10 :])


def rows(axis: str, found: dict[int, dict[str, Any]]) -> list[str]:
    """Return the rows of an axis."""
    lines = []
    first = next(iter(found.values()))
    for value, document in found.items():
        speed, step = document["images_per_second"], document["ms_per_step"]["median"]
        cells = [
            axis if document is first else "",
            f"{value:,}",
            f"{step:.0f}",
            f"{speed:,.0f}",
            f"{speed / first['images_per_second']:.2f}",
            f"{document['peak_bytes'] / 2**20:,.0f}",
            f"{document['parameters'] / 1e6:.2f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def draw(found: dict[str, dict[int, dict[str, Any]]], path: Path) -> None:
    """Draw images per second and memory against each axis."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, grid = pyplot.subplots(2, len(found), figsize=(13, 5), sharey="row", layout="constrained")
    for column, (axis, points) in enumerate(found.items()):
        values = [*points]
        speeds = [document["images_per_second"] for document in points.values()]
        sizes = [document["peak_bytes"] / 2**20 for document in points.values()]
        for place, numbers in ((grid[0, column], speeds), (grid[1, column], sizes)):
            place.plot(values, numbers, "o-", color="#1f77b4")
            place.set_xscale("log", base=2 if max(values) < 1000 else 10)
            place.set_xticks(values, [f"{value:,}" for value in values])
            place.minorticks_off()
            place.grid(alpha=0.3)
        grid[1, column].set_xlabel(axis)
    grid[0, 0].set_yscale("log")
    grid[1, 0].set_ylim(bottom=0)
    grid[0, 0].set_ylabel("images/s")
    grid[1, 0].set_ylabel("peak memory in MiB")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=80, metadata={"Software": None})


def main() -> None:
    """Measure, and print the table or write it into a page."""
    parser = marks.parser(__doc__)
    parser.add_argument("--long", type=int, metavar="STEPS", help="Measure only the step time in a run of this length.")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    if options.long:
        print("first tenth {:.3f} ms, last tenth {:.3f} ms".format(*long_run(options.long)))
        return
    found: dict[str, dict[int, dict[str, Any]]] = {}
    for axis, points in AXES.items():
        found[axis] = {value: measure(changes) for value, changes in points.items()}
        print(*rows(axis, found[axis]), sep="\n", flush=True)
    first, last = long_run(LENGTH)
    text = "\n".join(
        [
            f"{time.strftime('%Y-%m-%d')}, {processor.name()}, {openmp.cores()} cores, load {load:.1f} at the start,",
            f"torch {torch.__version__}; one thread.",
            "",
            "| the quickstart with | | ms per step | images/s | relative | peak MiB | M parameters |",
            "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
            *(line for axis, points in found.items() for line in rows(axis, points)),
            "",
            f"In a run of {LENGTH:,} steps of a small GAN, a step takes {first:.2f} ms in the first tenth, and",
            f"{last:.2f} ms in the last.",
        ]
    )
    if options.write:
        draw(found, PICTURE)
    marks.publish(text, BEGIN, options.write)


if __name__ == "__main__":
    main()
