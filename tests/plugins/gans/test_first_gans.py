"""The first GANs' own networks learn scikit-learn's digits, from their small recipes made smaller still."""

import pytest
import torch

from ganzoo import device, discovery, library, resolve
from ganzoo.preview import sampling
from ganzoo.trainee import Trainee
from judging import Referee, Verdict

PLUGINS = discovery.load()


def judged(recipe: str, *changes: str) -> tuple[Verdict, Verdict]:
    """What the generator draws before training, and after it."""
    chosen, _ = resolve.read(library.locate(recipe, PLUGINS), changes, PLUGINS.zoo)
    trainee = Trainee(chosen, device.accelerator(chosen.run))
    verdicts = [verdict(trainee)]
    for t in range(trainee.steps):
        trainee.step(t)
    return verdicts[0], verdict(trainee)


def verdict(trainee: Trainee) -> Verdict:
    with sampling(trainee.procedure, torch.device("cpu"), 0):
        return Referee(trainee.dataset.spec.shape[-1]).judge(trainee.procedure.sample(1000))


@pytest.mark.slow
def test_tf_dcgan_draws_digits() -> None:
    """Seeds 0 and 1 drew nine digits with a confidence of 0.81, at half and at a quarter of the distance at first."""
    before, after = judged("tf_dcgan_digits", "run.steps=400", "run.batch_size=32")
    assert after.classes >= 6
    assert after.confidence > 0.7
    assert after.frechet < 0.65 * before.frechet


@pytest.mark.slow
def test_goodfellow_draws_digits() -> None:
    """Seeds 0 and 1 drew nine and seven digits, at 21 % and 37 % of the distance at first."""
    before, after = judged("goodfellow_digits", "run.steps=2500", "run.batch_size=50")
    assert after.classes >= 5
    assert after.confidence > 0.65
    assert after.frechet < 0.5 * before.frechet
