"""Search against a grid: what `ganzoo tune` finds for the cost of eight trainings, and the best of a 5 x 5 grid.

    python benchmarks/search.py                    # about twenty minutes on one core
    python benchmarks/search.py --write docs/sweeps.md

A small GAN on scikit-learn's digits is trained with 25 settings of learning rate and length of the noise. Then five
studies with other seeds search the same ranges. The cost of a study is the steps of all its trials over those of one
training. The trainings all have one seed, so that a setting has one score.
"""

from __future__ import annotations

import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

import marks
from ganzoo.utils import processor

BEGIN = marks.begin("written by benchmarks/search.py")
RECIPE = """
[run]
steps = 900
batch_size = 64
seed = 0
ema = 0.99
log = 100
sample = 900
save = 900
[dataset]
use = "digits"
[procedure]
use = "adversarial"
[generator]
use = "mlp"
hidden = [128, 128]
z_dim = 16
[discriminator]
use = "mlp"
hidden = [128, 128]
[[regularizer]]
use = "spectral_norm"
[loss]
use = "non_saturating"
[optimizer]
use = "adam"
lr = 1e-3
betas = [0.0, 0.99]
[evaluate]
every = 100
samples = 500
[[metric]]
use = "frechet_distance"
[extractor]
use = "raw"
"""
RATES, SIZES = (1e-4, 3e-2), (2, 64)
GRID_RATES = [RATES[0] * (RATES[1] / RATES[0]) ** (k / 4) for k in range(5)]
GRID_SIZES = [2, 8, 20, 40, 64]
TRIALS, BUDGET = 21, 8.0  # trials of a study, which cost so many trainings at most
SCORE = "frechet_distance"


def ganzoo(*words: str) -> Any:
    """Run a command of ganzoo, and return the JSON that it prints."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "ganzoo", *words, "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: {done.stderr.strip()[-1000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def grid(recipe: Path, out: Path) -> float:
    """Train the grid, and return its best score."""
    rates = ",".join(f"{rate:.6g}" for rate in GRID_RATES)
    sizes = ",".join(map(str, GRID_SIZES))
    words = ["--over", f"optimizer.lr={rates}", "--over", f"generator.z_dim={sizes}", "--out", str(out)]
    rows = ganzoo("compare", str(recipe), *words)["rows"]
    values = [value for row in rows for name, cell in row["cells"].items() if SCORE in name for value in cell["values"]]
    assert len(values) == len(GRID_RATES) * len(GRID_SIZES)
    return min(values)


def study(recipe: Path, out: Path, seed: int) -> tuple[float, float, int]:
    """Search, and return the best score, the cost in trainings, and the number of trials within the budget."""
    ranges = [f"optimizer.lr=log:{RATES[0]:g}..{RATES[1]:g}", f"generator.z_dim={SIZES[0]}..{SIZES[1]}"]
    words = ["--for", SCORE, "--trials", str(TRIALS), "--seed", str(seed), "--out", str(out)]
    outcomes = sorted(ganzoo("tune", str(recipe), *ranges, *words), key=lambda one: one["number"])
    best, cost = math.inf, 0.0
    for counted, one in enumerate(outcomes):
        cost += one["steps"] / one["length"]
        if cost > BUDGET:
            return best, cost - one["steps"] / one["length"], counted
        if one["state"] == "complete":
            best = min(best, one["value"])
    return best, cost, len(outcomes)


def page(best: float, studies: list[tuple[float, float, int]], load: float) -> str:
    """Return the table."""
    median = statistics.median(score for score, _, _ in studies)
    lines = [
        f"{time.strftime('%Y-%m-%d')}, {processor.name()}, one core, load {load:.1f} at the start,",
        f"torch {torch.__version__.partition('+')[0]}.",
        "",
        "| | best Fréchet distance | over that of the grid | cost in trainings | trials |",
        "| --- | ---: | ---: | ---: | ---: |",
        f"| grid of 5 x 5 | {best:.4g} | 1 | {len(GRID_RATES) * len(GRID_SIZES)} | |",
    ]
    lines += [
        f"| study with seed {seed} | {score:.4g} | {score / best:.2f} | {cost:.1f} | {trials} |"
        for seed, (score, cost, trials) in enumerate(studies)
    ]
    costs = [cost for _, cost, _ in studies]
    lines += [f"| median of the studies | {median:.4g} | {median / best:.2f} | {statistics.median(costs):.1f} | |"]
    return "\n".join(lines)


def main() -> None:
    """Train the grid and the studies, and print the table or write it into a page."""
    parser = marks.parser(__doc__)
    parser.add_argument("--studies", type=int, default=5)
    options = parser.parse_args()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        recipe = Path(folder, "small.toml")
        recipe.write_text(RECIPE)
        best = grid(recipe, Path(folder, "grid"))
        print(f"grid: {best:.4g}", flush=True)
        studies = []
        for seed in range(options.studies):
            studies.append(study(recipe, Path(folder, f"study-{seed}"), seed))
            print(f"study {seed}: {studies[-1][0]:.4g} for {studies[-1][1]:.1f} trainings", flush=True)
    marks.publish(page(best, studies, load), BEGIN, options.write)


if __name__ == "__main__":
    main()
