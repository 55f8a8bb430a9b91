"""Few pictures: a GAN on 200 MNIST digits, 20 of each class, without augmentation and with it.

    GANZOO_DATA=... python benchmarks/small_data.py                          # about an hour on one core
    GANZOO_DATA=... python benchmarks/small_data.py --write docs/augmentation.md

The discriminator has no spectral normalisation, which alone keeps it from learning 200 digits by heart. Samples are
compared with all of MNIST, of which the GAN saw 200 digits. The distance to the nearest of these, over that of held-out
real digits, shows whether samples are copies. docs/images/few-nearest.png shows, for samples of the first seed with the
first augmentation, the three nearest of the 200.
"""

from __future__ import annotations

import os
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean
from typing import Any

import torch
from PIL import Image, ImageOps
from torch import Tensor

import ganzoo
import marks
from ganzoo.config import instantiate
from ganzoo.config.component import Blueprint
from ganzoo.config.recipe import Evaluation
from ganzoo.data import subset
from ganzoo.metrics.evaluator import Evaluator
from ganzoo.registry import discovery
from ganzoo.utils import processor
from ganzoo.visualization import grid

TOP = Path(__file__).resolve().parents[1]
BEGIN = marks.begin("written by benchmarks/small_data.py")
PICTURE = TOP / "docs" / "images" / "few-nearest.png"
RECIPE, PER_CLASS, SEEDS, SAMPLES = "dcgan_mnist", 20, (0, 1, 2), 2_000
SETTINGS: dict[str, Any] = {"run.steps": 2_000, "run.sample": 2_000, "run.save": 2_000, "regularizer": []}
ADA_POLICY = ["integer_shift", "scale", "stretch", "fractional_shift", "brightness", "contrast"]
AUGMENTATIONS: dict[str, list[dict[str, Any]]] = {
    "`diff_augment`": [{"use": "diff_augment", "policy": ["translation", "cutout"], "fill": -1.0}],
    "`ada`": [{"use": "ada", "policy": ADA_POLICY, "images": 50_000}],
    "none": [],
}
SCORES = ("frechet_distance", "precision", "recall", "coverage")
SHOWN, NEAREST = 8, 3  # samples in the picture, and the training pictures below each
SCALE = 2  # pixels of the picture for each of an image


@dataclass(frozen=True)
class Row:
    """Scores of one training.

    Attributes:
        scores: Scores by name.
        nearest: Median distance of samples to the nearest training picture, over that of held-out real ones.
    """

    scores: dict[str, float]
    nearest: float


class Judge:
    """The referee of all of MNIST, and what it needs.

    Args:
        run: Any run on a part of it.
    """

    def __init__(self, run: ganzoo.Run):
        plugins = discovery.load()
        whole = Blueprint(plugins.zoo.find("dataset", "mnist"))
        names = ("frechet_distance", "precision_recall", "density_coverage")
        metrics = [Blueprint(plugins.zoo.find("metric", name)) for name in names]
        recipe = replace(
            run.recipe(plugins.zoo), dataset=whole, metrics=metrics, evaluate=Evaluation(samples=SAMPLES, seed=0)
        )
        self.evaluator = Evaluator(recipe, instantiate.dataset(recipe), plugins.zoo, conditional=False)
        self.evaluator.prepare()
        self.floors: dict[str, float] = {}

    def features(self, x: Tensor) -> Tensor:
        """Return the features (N, F) of images."""
        features: Tensor = self.evaluator.extractor.component.features(x.float().cpu())
        return features

    def row(self, run: ganzoo.Run, trained_on: Tensor) -> Row:
        """Judge a run; `trained_on` are its training pictures."""
        model = run.load()
        scores = self.evaluator(lambda n, y, seed: model.sample(n, y, seed), run.status["step"], {})
        self.floors = {score.result: score.floor or 0.0 for score in scores}
        known = self.features(trained_on)
        samples, held_out = self.features(model.sample(SAMPLES, seed=0)), self.evaluator.held.features[:SAMPLES]
        ratio = distances(samples, known).median() / distances(held_out, known).median()
        return Row({score.result: score.value for score in scores}, float(ratio))

    def picture(self, run: ganzoo.Run, trained_on: Tensor) -> None:
        """Write the picture of samples, each above its nearest training pictures."""
        x = run.load().sample(SHOWN, seed=0).float().cpu()
        order = torch.cdist(self.features(x), self.features(trained_on)).argsort(1)[:, :NEAREST]  # (SHOWN, NEAREST)
        rows = [x, *(trained_on[order[:, k]] for k in range(NEAREST))]
        ImageOps.scale(grid.picture(torch.cat(rows), SHOWN), SCALE, Image.Resampling.NEAREST).save(
            PICTURE, optimize=True
        )


def distances(features: Tensor, known: Tensor) -> Tensor:
    """Return the distance of each feature vector (N, F) to the nearest known one (M, F): (N,)."""
    return torch.cdist(features, known).amin(1)


def training_pictures(run: ganzoo.Run) -> Tensor:
    """Return the pictures of a run's dataset, in [-1, 1]."""
    data = instantiate.dataset(run.recipe(discovery.load().zoo))
    return subset.take(data, list(range(len(data))))["x"]


def measured(out: Path) -> tuple[dict[str, list[Row]], dict[str, float]]:
    """Train and judge every setting with every seed; return the rows, and the scores of real digits."""
    judge: Judge | None = None
    rows: dict[str, list[Row]] = {name: [] for name in AUGMENTATIONS}
    for seed in SEEDS:
        for name, augmentation in AUGMENTATIONS.items():
            own = {"run.seed": seed, "dataset.per_class": PER_CLASS, "augmentation": augmentation}
            run = ganzoo.train(RECIPE, {**SETTINGS, **own}, out=out)
            judge = judge or Judge(run)
            trained_on = training_pictures(run)
            rows[name].append(judge.row(run, trained_on))
            print(f"{name} seed {seed}: {rows[name][-1]}", flush=True)
            if seed == SEEDS[0] and name == next(iter(AUGMENTATIONS)):
                judge.picture(run, trained_on)
    assert judge
    return rows, judge.floors


def page(rows: dict[str, list[Row]], floors: dict[str, float], load: float) -> str:
    """Return the table: the mean of all seeds, with the least and the largest value."""
    lines = [
        f"{time.strftime('%Y-%m-%d')}, {processor.name()}, one thread, load {load:.1f} at the start, torch",
        f"{torch.__version__.partition('+')[0]}; {len(SEEDS)} seeds, {SAMPLES:,} samples: mean (least to largest).",
        "",
        "| augmentation | Fréchet distance | precision | recall | coverage | nearest of the 200 |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
        f"| real digits | {' | '.join(f'{floors[name]:.3g}' for name in SCORES)} | 1 |",
    ]
    for name, several in rows.items():
        columns = [[row.scores[score] for row in several] for score in SCORES] + [[row.nearest for row in several]]
        cells = [f"{mean(values):.3g} ({min(values):.3g} to {max(values):.3g})" for values in columns]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Measure, and print the table or write it into a page."""
    options = marks.parser(__doc__).parse_args()
    torch.set_num_threads(1)
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        rows, floors = measured(Path(folder))
    marks.publish(page(rows, floors, load), BEGIN, options.write)


if __name__ == "__main__":
    main()
