"""Each DCGAN's recipe for small digits, made smaller still, learns to draw more than noise within seconds.

A plain GAN may drop modes, and these are cut short: the bounds are far from what a run of minutes reaches.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import ganzoo
from helpers.judging import Referee
from helpers.support import PLUGINS

pytestmark = pytest.mark.slow
SHORT = {"run.ema": 0.98, "run.log": 500, "run.sample": 5000}


@pytest.mark.parametrize(
    ("recipe", "steps", "size", "classes", "confidence", "frechet"),
    [  # of three seeds the worst had
        ("dcgan_5x5_digits", 350, 8, 8, 0.6, 9.0),  # 10 classes, 0.74, 5.0; untrained 1 class, 28
        ("dcgan_strided_digits", 250, 16, 8, 0.4, 45.0),  # 10 classes, 0.50, 30.5; untrained 1 class, 95
    ],
)
def test_it_draws_digits(
    recipe: str, steps: int, size: int, classes: int, confidence: float, frechet: float, tmp_path: Path
) -> None:
    run = ganzoo.train(recipe, {**SHORT, "run.steps": steps}, out=tmp_path, plugins=PLUGINS)
    verdict = Referee(size).judge(ganzoo.load(run, PLUGINS).sample(1000, seed=0))
    assert verdict.classes >= classes
    assert verdict.confidence >= confidence
    assert verdict.frechet <= frechet
