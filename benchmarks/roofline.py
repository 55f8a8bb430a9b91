"""Share of the machine's peaks that a training step reaches, for ten recipes.

    python benchmarks/roofline.py --write docs/benchmarks.md
    python benchmarks/roofline.py gan_mnist cgan_mnist

Each recipe is measured by `ganzoo bench RECIPE --roofline` in a process of its own. It needs a machine with nothing
else to do: the load before the start is printed with the table.
"""

from __future__ import annotations

import datetime
import json
import os
import subprocess
import sys
from typing import Any

import torch

import marks
from ganzoo.cli.bench_text import KINDS
from ganzoo.utils import openmp, processor

RECIPES = (
    "gan_mnist",
    "gan_mnist_printed",
    "quickstart",
    "cgan_mnist",
    "dcgan_mnist",
    "dcgan_mnist_printed",
    "sngan_mnist",
    "wgan_gp_mnist",
    "infogan_mnist",
    "stylegan2_mnist",
)
BEGIN = marks.begin("written by benchmarks/roofline.py")
OPERATORS = 4  # that are named in a row


def measure(recipe: str) -> dict[str, Any]:
    """Measure a recipe in a new process."""
    command = [
        sys.executable,
        "-m",
        "ganzoo",
        "bench",
        recipe,
        "--roofline",
        "--steps",
        "20",
        "--rounds",
        "3",
        "--json",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: {done.stderr.strip()}")
    document: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return document


def row(document: dict[str, Any]) -> str:
    """Return the row of a recipe."""
    roof, step = document["roofline"], document["ms_per_step"]
    work = roof["work"]
    spent = [(one["name"].removeprefix("aten::"), one["ms"]) for one in roof["operators"][:OPERATORS]]
    cells = [
        f"`{document['recipe']}`",
        str(document["threads"]),
        f"{(work['product'] + work['convolution']) / 1e9:.2f}",
        f"{step['median']:.1f} ({step['low']:.1f} to {step['high']:.1f})",
        " + ".join(f"{roof['shortest_ms'][kind]:.1f}" for kind in KINDS),
        f"**{roof['share']:.2f}**",
        ", ".join(f"`{name}` {ms / step['median']:.0%}" for name, ms in spent),
    ]
    return f"| {' | '.join(cells)} |"


def page(documents: list[dict[str, Any]], load: float) -> str:
    """Return the table and the peaks it is compared with."""
    today = datetime.datetime.now(datetime.UTC).date()
    head = ["recipe", "threads", "GFLOP", "ms per step", f"at the peaks: {', '.join(KINDS.values())}", "share"]
    lines = [
        f"{today}, {processor.name()}, {openmp.cores()} cores, load {load:.1f} at the start,",
        f"torch {torch.__version__}.",
        "",
        f"| {' | '.join([*head, 'longest operators'])} |",
        "| --- | ---: | ---: | ---: | ---: | ---: | --- |",
        *map(row, documents),
        "",
        "| peaks, median of all rows | product | convolution | copy | fused Adam |",
        "| --- | ---: | ---: | ---: | ---: |",
        *_peaks(documents),
    ]
    return "\n".join(lines)


def _peaks(documents: list[dict[str, Any]]) -> list[str]:
    found: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for document in documents:
        for one in document["roofline"]["peaks"]:
            found.setdefault((one["precision"], one["threads"]), []).append(one)
    lines = []
    for (precision, threads), peaks in sorted(found.items(), key=lambda item: (item[0][0] != "float32", item[0][1])):
        product, convolution, copy, adam = (
            sorted(one[name] for one in peaks)[len(peaks) // 2] / 1e9
            for name in ("product", "convolution", "copy", "optimizer")
        )
        lines.append(
            f"| {precision}, {threads} {'thread' if threads == 1 else 'threads'} | {product:.0f} GFLOP/s | "
            f"{convolution:.0f} GFLOP/s | {copy:.1f} GB/s | {adam:.2f} G parameters/s |"
        )
    return lines


def main() -> None:
    """Measure, and print the table or write it into a page."""
    parser = marks.parser(__doc__)
    parser.add_argument("recipe", nargs="*", default=RECIPES)
    options = parser.parse_args()
    load = os.getloadavg()[0]
    documents = []
    for recipe in options.recipe:
        documents.append(measure(recipe))
        print(row(documents[-1]), flush=True)
    marks.publish(page(documents, load), BEGIN, options.write)


if __name__ == "__main__":
    main()
