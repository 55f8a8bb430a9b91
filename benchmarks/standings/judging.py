"""Judging of trained cells: one referee and one protocol for every GAN on a dataset.

Samples are generated from the averaged weights where the recipe has them, by the evaluator of `ganzoo evaluate`, and
compared with the training images at 28x28. Those of a GAN that trains on padded images are cropped.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from torch import Tensor

import ganzoo
from ganzoo.config.component import Blueprint
from ganzoo.config.recipe import Evaluation, Recipe
from ganzoo.data import subset
from ganzoo.metrics.evaluator import Evaluator, weights
from ganzoo.registry.discovery import Plugins
from ganzoo.runs.scores import Score
from ganzoo.visualization import grid, png
from standings.systems import SIDE, System
from standings.training import Trained

METRICS = ("frechet_distance", "precision_recall", "density_coverage", "class_coverage")
ASKED = "gan_test"  # of conditional GANs
EXTRACTOR = "referee"
SAMPLES, CURVE_SAMPLES = 10_000, 2_000  # of the final score, and of each checkpoint on the way
CURVES = ("frechet_distance", "recall")  # scores of the checkpoints on the way
DIGITS = 6  # of a stored score
SHOWN = 10  # samples in a picture
LONGEST, TIMED = 300.0, 50  # CPU seconds that all samples may take, estimated from so many
SEED = 0  # of the samples' noise


class Judge:
    """Scores the samples of all GANs on one dataset.

    Args:
        plugins: The plugins.
        dataset: The dataset.
        template: Any recipe; its dataset, metrics and extractor are replaced.
        samples: Number of samples of the final score.
        curve_samples: Number of samples of each checkpoint's score.
        settings: Settings of the referee.
        side: Side of the images of the dataset; larger samples are cropped to it.
    """

    def __init__(
        self,
        plugins: Plugins,
        dataset: Blueprint,
        template: Recipe,
        samples: int = SAMPLES,
        curve_samples: int = CURVE_SAMPLES,
        settings: Mapping[str, Any] | None = None,
        side: int = SIDE,
    ):
        self.plugins = plugins
        self.samples = samples
        self.curve_samples = curve_samples
        self.side = side
        self.recipe = replace(
            template,
            dataset=dataset,
            extractor=Blueprint(plugins.zoo.find("extractor", EXTRACTOR), settings or {}),
        )
        self.data = self.recipe.dataset()
        self._evaluators: dict[bool, Evaluator] = {}

    def prepare(self) -> None:
        """Train the referee or read it from the cache, and read the real samples.

        Raises:
            GanzooError: The data is missing, or the referee is too inaccurate.
        """
        self.evaluator(conditional=False).prepare()

    @property
    def referee(self) -> str:
        """Digest of the prepared referee."""
        return str(self.evaluator(conditional=False).extractor.component.digest)

    def has_protocol(self, terms: Mapping[str, Any] | None) -> bool:
        """Return True when a protocol is that of this judge, or when there is none because a cell has no scores."""
        if terms is None:
            return True
        metrics = [metric.facts for metric in self.evaluator(conditional=False).metrics]
        judged = (terms["extractor"]["digest"], terms["metrics"], terms["samples"])
        return judged == (self.referee, metrics, self.samples)

    def evaluator(self, conditional: bool) -> Evaluator:
        """Return the evaluator of conditional or of unconditional GANs, which keeps the real samples and the floors."""
        if conditional not in self._evaluators:
            names = (*METRICS, ASKED) if conditional else METRICS
            metrics = [Blueprint(self.plugins.zoo.find("metric", name)) for name in names]
            recipe = replace(self.recipe, metrics=metrics)
            self._evaluators[conditional] = Evaluator(recipe, self.data, self.plugins.zoo, conditional)
        return self._evaluators[conditional]

    def scores(self, system: System, checkpoint: Path, step: int, samples: int) -> list[Score]:
        """Score a checkpoint.

        Args:
            system: The system.
            checkpoint: Folder of the checkpoint.
            step: Its step.
            samples: Number of samples.

        Returns:
            The scores, each with that of held-out real samples as its floor.
        """
        model = ganzoo.load(checkpoint, self.plugins)
        evaluator = self.evaluator(system.conditional)
        evaluator.settings = Evaluation(samples=samples, seed=SEED)
        averaged = (checkpoint / "ema.safetensors").is_file()
        return evaluator(partial(sample, model, side=self.side), step, weights(averaged))

    def curve(self, system: System, trained: Trained) -> list[dict[str, Any]]:
        """Score every checkpoint on fewer samples.

        Returns:
            For each checkpoint its step, its CPU seconds, and of each score in CURVES the value and the floor.
        """
        points: list[dict[str, Any]] = []
        for point in trained.points:
            scores = self.scores(system, trained.checkpoint(point), point.step, self.curve_samples)
            values = {name: table for name, table in tables(scores).items() if name in CURVES}
            points.append({"step": point.step, "cpu_seconds": round(point.cpu_seconds, 2), **values})
        return points

    def verdict(self, system: System, trained: Trained) -> dict[str, Any]:
        """Score the last checkpoint.

        Returns:
            "scores" by name, each with "value", "floor" and "better"; and "protocol".
        """
        point = trained.points[-1]
        scores = self.scores(system, trained.checkpoint(point), point.step, self.samples)
        return {"scores": tables(scores), "protocol": protocol(scores)}

    def obstacle(self, trained: Trained) -> str:
        """Return why the samples of a training cannot be scored, "" when they can.

        A GAN whose samples are chains of many iterations may take an hour for them.
        """
        if trained.diverged:
            return f"diverged, {trained.diverged}"
        model = ganzoo.load(trained.checkpoint(trained.points[-1]), self.plugins)
        start = time.process_time()
        model.sample(TIMED, seed=SEED)
        seconds = (time.process_time() - start) * self.samples / TIMED
        return f"{self.samples:,} samples would take {seconds:,.0f} CPU seconds" if seconds > LONGEST else ""

    def picture(self, trained: Trained) -> bytes:
        """Return a PNG of samples of the last checkpoint, a class in each column of a conditional GAN; b"" if none."""
        if not trained.points:
            return b""
        model = ganzoo.load(trained.checkpoint(trained.points[-1]), self.plugins)
        return strip(sample(model, SHOWN, None, SEED))

    def real_picture(self) -> bytes:
        """Return a PNG of real images, a class in each column."""
        return strip(subset.take_by_class(self.data, SHOWN)["x"])


def sample(model: ganzoo.Model, n: int, y: Tensor | None, seed: int, side: int = SIDE) -> Tensor:
    """Return samples (n, C, side, side): the centre of those of a model that generates larger ones."""
    x = model.sample(n, y, seed)
    edge = (x.shape[-1] - side) // 2
    return x[..., edge : edge + side, edge : edge + side]


def tables(scores: Sequence[Score]) -> dict[str, dict[str, Any]]:
    """Return scores by name, each with "value", "floor" and "better", rounded to DIGITS significant digits."""
    return {
        short(score.name): {"value": rounded(score.value), "floor": rounded(score.floor), "better": score.better}
        for score in scores
    }


def rounded(value: float | None) -> float | None:
    """Return a number with DIGITS significant digits."""
    return None if value is None else float(f"{value:.{DIGITS}g}")


def protocol(scores: Sequence[Score]) -> dict[str, Any]:
    """Return what scores of all GANs have in common: data, referee, samples, and the metrics that all are judged by."""
    terms = [score.terms for score in scores if short(score.name) != ASKED]
    common = {key: value for key, value in terms[0].items() if key not in ("metric", "weights")}
    metrics = {term["metric"]["use"]: term["metric"] for term in terms}
    return {**common, "metrics": [*metrics.values()]}


def short(name: str) -> str:
    """Return the name of a score without its extractor."""
    return name.partition("@")[0]


def strip(x: Tensor) -> bytes:
    """Return a PNG of images (N, C, H, W) in one row."""
    return png.to_png(grid.picture(x, columns=len(x)))
