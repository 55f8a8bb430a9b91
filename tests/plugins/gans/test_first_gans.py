"""The first GANs: their recipes set what their sources set, and their small ones learn scikit-learn's digits."""

import pytest
import torch

from ganzoo import Spec, TwoPlayerProcedure
from ganzoo.config import instantiate, locate, resolver
from ganzoo.config.recipe import Recipe
from ganzoo.registry import discovery
from ganzoo.training import device
from ganzoo.training.session import Session
from ganzoo.utils.modes import sampling
from ganzoo_builtins.procedures.adversarial import Adversarial
from ganzoo_builtins.procedures.simultaneous import Simultaneous
from helpers.judging import Referee, Verdict

PLUGINS = discovery.load()


def read(name: str, *changes: str) -> Recipe:
    return resolver.read(locate.find(name, PLUGINS), changes, PLUGINS.zoo)[0]


def test_the_rate_and_the_momentum_of_goodfellow_mnist_printed() -> None:
    """0.1 at first and 0.0670 after 100,000 updates, never below 1e-6; 0.5, 0.6 and 0.7 after 0, 125 and 250 epochs."""
    recipe = read("goodfellow_mnist_printed")
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = recipe.optimizer.of("generator")([weight])
    assert recipe.schedule is not None
    schedule, (group,) = recipe.schedule.of("generator")(), optimizer.param_groups
    assert [group["lr"] * schedule(t, 250_000) for t in (0, 100_000, 10**7)] == pytest.approx(
        [0.1, 0.0670, 1e-6], rel=1e-3
    )
    momenta = []
    for epoch in (0, 125, 250, 500):
        group["updated"] = 500 * epoch
        weight.grad = torch.zeros(1)
        optimizer.step()
        momenta.append(group["momentum"])
    assert momenta == pytest.approx([0.5, 0.6, 0.7, 0.7])


@pytest.mark.parametrize(
    ("name", "steps", "procedure", "rate", "betas"),
    [
        ("one_hidden_mnist_printed", 10_000, Simultaneous, 2e-4, (0.9, 0.999)),
        ("tf_dcgan_mnist_printed", 10_000, Adversarial, 2e-3, (0.5, 0.999)),
    ],
)
def test_the_two_of_tensorflow_examples(
    name: str, steps: int, procedure: type[TwoPlayerProcedure], rate: float, betas: tuple[float, float]
) -> None:
    recipe = read(name)
    assert (recipe.run.steps, recipe.run.batch_size) == (steps, 128)
    optimizer = recipe.optimizer.of("discriminator").filled()
    assert (optimizer["lr"], tuple(optimizer["betas"])) == (rate, betas)
    players = instantiate.procedure(recipe, Spec((1, 28, 28)))
    assert isinstance(players, procedure)
    nothing = torch.zeros(4)  # the sum of both terms, not their mean: 2 ln 2
    assert players.loss.discriminator(nothing, nothing).item() == pytest.approx(1.3863, abs=1e-4)


def judged(recipe: str, *changes: str) -> tuple[Verdict, Verdict]:
    """Sample before and after training."""
    chosen = read(recipe, *changes)
    trainee = Session(chosen, device.accelerator(chosen.run))
    verdicts = [verdict(trainee)]
    for t in range(trainee.steps):
        trainee.step(t)
    return verdicts[0], verdict(trainee)


def verdict(trainee: Session) -> Verdict:
    with sampling(trainee.procedure, torch.device("cpu"), 0):
        return Referee(trainee.dataset.spec.shape[-1]).judge(trainee.procedure.sample(1000))


@pytest.mark.slow
def test_tf_dcgan_draws_digits() -> None:
    """Seeds 0 and 1 drew nine digits with a confidence of 0.81, at half and at a quarter of the distance at first."""
    narrow = ("generator.width=16", "discriminator.width=16", "discriminator.hidden=128")
    short = ("dataset.use=digits", "dataset.size=16", "run.steps=400", "run.batch_size=32")
    before, after = judged("tf_dcgan_mnist_printed", *narrow, *short)
    assert after.classes >= 6
    assert after.confidence > 0.7
    assert after.frechet < 0.65 * before.frechet


@pytest.mark.slow
def test_goodfellow_draws_digits() -> None:
    """Seeds 0 and 1 drew nine and seven digits, at 21 % and 37 % of the distance at first."""
    narrow = ("generator.z_dim=50", "generator.hidden=[256, 256]", "discriminator.hidden=[64, 64]")
    brighter = ("dataset.use=digits", "generator.brightness=0.3")
    less_dropout = ("discriminator.input_dropout=0.1", "discriminator.dropout=0.3")
    shorter = ("run.steps=2500", "run.batch_size=50", "optimizer.updates=2000")
    before, after = judged("goodfellow_mnist_printed", *narrow, *brighter, *less_dropout, *shorter)
    assert after.classes >= 5
    assert after.confidence > 0.65
    assert after.frechet < 0.5 * before.frechet
