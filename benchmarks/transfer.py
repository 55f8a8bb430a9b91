"""Start from trained weights: steps until a new character is legible, from a model of 26 letters and from scratch.

    python benchmarks/transfer.py                      # about ten minutes on one core
    python benchmarks/transfer.py --write docs/recipes.md

The recipe `quickstart` draws the 26 capitals of `glyphs`. Then the same networks learn 27 characters from 200 examples
of each, once with `run.start` and once without, with three seeds. A checkpoint counts as legible when a referee,
trained on all 27, reads four fifths of its samples of the new character as that character.
"""

from __future__ import annotations

import os
import string
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import torch

import ganzoo
import marks
from ganzoo.config import instantiate
from ganzoo.config.component import Blueprint
from ganzoo.metrics.evaluator import Evaluator
from ganzoo.metrics.extractor import Extractor
from ganzoo.metrics.metric import Seen
from ganzoo.registry import discovery
from ganzoo.runs import retention
from ganzoo.utils import processor

BEGIN = marks.begin("written by benchmarks/transfer.py")
LETTERS, NEW = string.ascii_uppercase, "4"
EXAMPLES, SEEDS, SAMPLES = 200, (0, 1, 2), 500
LEGIBLE = 0.8  # share of the samples that are read as the new character
RECIPE = "quickstart"
TARGET: dict[str, Any] = {
    "dataset.characters": LETTERS + NEW,
    "dataset.n": EXAMPLES * len(LETTERS + NEW),
    "run.ema": 0.9,  # of few steps
    "run.keep": 1_000,
    "schedule": "none",
}
STARTED: dict[str, Any] = {"run.steps": 200, "run.save": 5}
SCRATCH: dict[str, Any] = {"run.steps": 1_000, "run.save": 20}


def referee(run: ganzoo.Run) -> tuple[Extractor, float]:
    """Return the referee of all 27 characters, and the share of real examples of the new one that it reads right."""
    plugins = discovery.load()
    blueprint = Blueprint(plugins.zoo.find("dataset", "glyphs"), {"characters": LETTERS + NEW, "n": 27_000})
    recipe = replace(run.recipe(plugins.zoo), dataset=blueprint)
    evaluator = Evaluator(recipe, instantiate.dataset(recipe), plugins.zoo, conditional=True)
    evaluator.prepare()
    held = evaluator.held.of_class(len(LETTERS))
    return evaluator.extractor.component, share(held)


def share(seen: Seen) -> float:
    """Return the share of samples that are read as the new character."""
    return float((seen.classes == len(LETTERS)).double().mean())


def first_legible(run: ganzoo.Run, extractor: Extractor) -> int | None:
    """Return the step of the first checkpoint of a run whose samples are legible, None when there is none."""
    for checkpoint in retention.complete(run.checkpoints):
        x = run.load(checkpoint).sample(SAMPLES, torch.full((SAMPLES,), len(LETTERS)), 0)
        if share(Seen(x.float().cpu(), None, extractor)) >= LEGIBLE:
            return retention.step_of(checkpoint)
    return None


def measured(out: Path) -> tuple[float, list[tuple[int | None, int | None]]]:
    """Train everything; return how legible real examples are, and for each seed both steps: started, from scratch."""
    base = ganzoo.train(RECIPE, {"dataset.characters": LETTERS}, out=out)
    extractor, real = referee(base)
    found = []
    for seed in SEEDS:
        own = {**TARGET, "run.seed": seed}
        started = ganzoo.train(RECIPE, {**own, **STARTED, "run.start": str(base.folder)}, out=out)
        scratch = ganzoo.train(RECIPE, {**own, **SCRATCH}, out=out)
        found.append((first_legible(started, extractor), first_legible(scratch, extractor)))
        print(f"seed {seed}: {found[-1]}", flush=True)
    return real, found


def page(real: float, found: Sequence[tuple[int | None, int | None]], load: float) -> str:
    """Return the table."""
    lines = [
        f"{time.strftime('%Y-%m-%d')}, {processor.name()}, one thread, load {load:.1f} at the start, torch",
        f"{torch.__version__.partition('+')[0]}. The referee reads {100 * real:.0f} % of real examples right.",
        "",
        "| steps until four fifths are legible | with `run.start` | from scratch | ratio |",
        "| --- | ---: | ---: | ---: |",
    ]
    lines += [_row(f"seed {seed}", *pair) for seed, pair in zip(SEEDS, found, strict=False)]
    whole = [(one, other) for one, other in found if one is not None and other is not None]
    if len(whole) > 1:
        lines.append(_row("median", *(int(median(steps)) for steps in zip(*whole, strict=True))))
    return "\n".join(lines)


def _row(name: str, started: int | None, scratch: int | None) -> str:
    cells = [
        f"{started:,}" if started is not None else f"more than {STARTED['run.steps']:,}",
        f"{scratch:,}" if scratch is not None else f"more than {SCRATCH['run.steps']:,}",
        f"{scratch / started:.1f}" if started and scratch else "",
    ]
    return f"| {name} | {' | '.join(cells)} |"


def main() -> None:
    """Measure, and print the table or write it into a page."""
    options = marks.parser(__doc__).parse_args()
    torch.set_num_threads(1)
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        real, found = measured(Path(folder))
    marks.publish(page(real, found, load), BEGIN, options.write)


if __name__ == "__main__":
    main()
