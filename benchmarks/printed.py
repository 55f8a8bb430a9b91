"""Measurement of printed settings: what recipes NAME_DATA_printed reach after some CPU minutes on one thread.

    python benchmarks/printed.py dcgan_5x5_mnist_printed ebgan_mnist_printed
    python benchmarks/printed.py dcgan_emnist_printed dataset.split=byclass dataset.train=false
    python benchmarks/printed.py cgan_mnist_printed --minutes 10 60
    python benchmarks/printed.py --render

A recipe is trained with its own seed on one thread for the last number of minutes. At each of them 2,000 samples are
judged by the referee of the league, beside as many held-out real ones. The measurements are written to
benchmarks/printed/RECIPE.json. `--render` writes them to docs/printed.md, with a picture of each.
"""

from __future__ import annotations

import argparse
import base64
import json
import tempfile
from pathlib import Path
from typing import Any

import torch

import ganzoo
import marks
from ganzoo.config import instantiate, locate, resolver
from ganzoo.config.component import Blueprint
from ganzoo.registry import discovery
from ganzoo.registry.discovery import Plugins
from ganzoo.utils import atomic, processor
from ganzoo.utils.meta import meta_device
from standings.judging import Judge, protocol, sample, strip, tables
from standings.poster import strip as enlarged
from standings.systems import System, digest
from standings.training import Point, Trained, train

TOP = Path(__file__).resolve().parents[1]
CELLS, PAGE, IMAGES = TOP / "benchmarks/printed", TOP / "docs/printed.md", TOP / "docs/images/printed"
BEGIN = marks.begin("written by benchmarks/printed.py --render")
SAMPLES, SHOWN = 2_000, 20
DISTANCE, RECALL = "frechet_distance", "recall"


def measure(
    path: Path, changes: tuple[str, ...], minutes: list[float], plugins: Plugins, folder: Path
) -> dict[str, Any]:
    """Train a recipe, and judge it at each number of minutes.

    Args:
        path: File of the recipe.
        changes: Overrides of its settings.
        minutes: CPU minutes, in increasing order.
        plugins: The plugins.
        folder: Folder of the run.

    Returns:
        The measurements.
    """
    resolved, _ = resolver.read(path, changes, plugins.zoo)
    with meta_device():
        procedure = instantiate.procedure(resolved, instantiate.dataset(resolved).spec)
    data = resolved.dataset.entry.name
    system = System(path.stem, data, resolved, changes, procedure.conditional, digest(resolved, procedure))
    original = unpadded(resolved.dataset)
    judge = Judge(plugins, original, resolved, side=original().spec.shape[-1])
    judge.prepare()
    shares = tuple(number / minutes[-1] for number in minutes)
    trained = train(resolved, plugins, folder, 60 * minutes[-1], system.digest, shares)
    return {
        "recipe": path.stem,
        "changes": [*changes],
        "digest": system.digest,
        "seed": resolved.run.seed,
        "batch_size": resolved.run.batch_size,
        "diverged": trained.diverged,
        "marks": [judged(judge, system, trained, point) for point in trained.points],
        "processor": processor.name(),
        "torch": torch.__version__,
    }


def judged(judge: Judge, system: System, trained: Trained, point: Point) -> dict[str, Any]:
    """Return the scores and a picture of a checkpoint."""
    checkpoint = trained.checkpoint(point)
    scores = judge.scores(system, checkpoint, point.step, SAMPLES)
    model = ganzoo.load(checkpoint, judge.plugins)
    return {
        "step": point.step,
        "cpu_minutes": round(point.cpu_seconds / 60, 1),
        "images": point.images,
        "scores": tables(scores),
        "protocol": protocol(scores),
        "picture": base64.b64encode(strip(sample(model, SHOWN, None, 0, judge.side))).decode(),
    }


def unpadded(dataset: Blueprint) -> Blueprint:
    """Return a dataset without the border that its recipe adds; of other sizes, the dataset itself."""
    if dataset.filled()["fit"] != "pad":
        return dataset
    return Blueprint(dataset.entry, {k: v for k, v in dataset.settings.items() if k not in ("size", "fit")})


def lines(cell: dict[str, Any]) -> list[str]:
    """Return a row of the page's table for each number of minutes."""
    return [_line(cell, mark) for mark in cell["marks"]] or [f"| `{cell['recipe']}` | diverged: {cell['diverged']} |"]


def _line(cell: dict[str, Any], mark: dict[str, Any]) -> str:
    scores = mark["scores"]
    distance, recall = scores[DISTANCE], scores[RECALL]
    asked = scores.get("gan_test")
    cells = [
        f"`{' '.join((cell['recipe'], *cell['changes']))}`",
        f"{mark['cpu_minutes']:g}",
        f"{mark['step']:,}",
        f"{distance['value']:.3g}",
        f"{distance['value'] / distance['floor']:.3g}",
        f"{recall['value']:.2f} of {recall['floor']:.2f}",
        f"{asked['value']:.1%} of {asked['floor']:.1%}" if asked else "",
    ]
    return f"| {' | '.join(cells)} |"


def page(cells: list[dict[str, Any]]) -> str:
    """Return the table and the pictures, and write the pictures."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    text = [
        "| recipe | CPU minutes | steps | Fréchet distance ↓ | times real | recall ↑ | read as asked ↑ |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
        *(line for cell in cells for line in lines(cell)),
        "",
        "| recipe | the first 20 samples, after the most minutes |",
        "| --- | --- |",
    ]
    for cell in cells:
        if cell["marks"]:
            enlarged(base64.b64decode(cell["marks"][-1]["picture"])).save(IMAGES / f"{cell['recipe']}.png")
            text.append(f"| `{cell['recipe']}` | ![Samples of {cell['recipe']}](images/printed/{cell['recipe']}.png) |")
    return "\n".join(text)


def stored() -> list[dict[str, Any]]:
    """Return all measurements, sorted by recipe."""
    return [json.loads(path.read_bytes()) for path in sorted(CELLS.glob("*.json"))]


def main() -> None:
    """Measure recipes, or render what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="*", metavar="RECIPE ... [KEY=VALUE ...]")
    parser.add_argument("--minutes", type=float, nargs="+", default=[10.0], help="CPU minutes. [10]")
    parser.add_argument("--render", action="store_true", help="Write the page, and train nothing.")
    options = parser.parse_args()
    if options.render:
        PAGE.write_text(marks.insert(PAGE.read_text(), BEGIN, page(stored())))
        return
    torch.set_num_threads(1)
    plugins = discovery.load()
    changes = tuple(word for word in options.words if "=" in word)
    for recipe in (word for word in options.words if "=" not in word):
        with tempfile.TemporaryDirectory() as folder:
            path = locate.find(recipe, plugins)
            cell = measure(path, changes, sorted(options.minutes), plugins, Path(folder))
        CELLS.mkdir(exist_ok=True)
        atomic.write_json(CELLS / f"{recipe}.json", cell)
        print(*lines(cell), sep="\n", flush=True)


if __name__ == "__main__":
    main()
