"""Each DCGAN's recipe for small digits, made smaller still, learns to draw more than noise within seconds.

A plain GAN may drop modes, and these are cut short: the bounds are far from what a run of minutes reaches.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import ganzoo
from helpers.judging import Referee
from helpers.support import PLUGINS

pytestmark = pytest.mark.slow
SHORT = {"run.ema": 0.98, "run.log": 500, "run.sample": 5000}
DIGITS_5X5 = {
    "run.steps": 350, "dataset.use": "digits", "generator.width": 16, "discriminator.width": 16,
    "regularizer": [{"use": "spectral_norm"}],  # without it one seed in two collapses
}  # fmt: skip
DIGITS_STRIDED = {
    "run.steps": 250, "run.batch_size": 64, "dataset.use": "digits", "dataset.size": 16, "generator.width": 8,
    "discriminator.width": 8, "optimizer.lr": 1e-3,
}  # fmt: skip


@pytest.mark.parametrize(
    ("recipe", "changes", "size", "classes", "confidence", "frechet"),
    [
        ("dcgan_5x5_mnist", DIGITS_5X5, 8, 8, 0.6, 9.0),  # worst of 4: 10, 0.84, 1.6; untrained 1 class, 28
        ("dcgan_strided_mnist_printed", DIGITS_STRIDED, 16, 8, 0.4, 45.0),  # worst of 3: 10, 0.50, 30.5; untrained 95
    ],
)
def test_it_draws_digits(
    recipe: str, changes: dict[str, Any], size: int, classes: int, confidence: float, frechet: float, tmp_path: Path
) -> None:
    run = ganzoo.train(recipe, {**SHORT, **changes}, out=tmp_path, plugins=PLUGINS)
    verdict = Referee(size).judge(ganzoo.load(run, PLUGINS).sample(1000, seed=0))
    assert verdict.classes >= classes
    assert verdict.confidence >= confidence
    assert verdict.frechet <= frechet
