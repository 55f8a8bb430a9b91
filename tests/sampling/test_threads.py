"""Samples drawn in several threads of one process at once: a seed gives the same ones, and nobody else's noise."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

import ganzoo
from ganzoo import GanzooError, Generator, SetupError
from ganzoo.errors import RunError
from ganzoo.interfaces import replaced_priors
from ganzoo.sampling.model import Model
from ganzoo.training import loop
from ganzoo.utils import rng
from ganzoo.utils.rng import OwnNoise
from helpers.support import CONDITIONAL, TRANSLATING, tiny, train

THREADS = 16
DRAWS: dict[str, Callable[[], Tensor]] = {
    "randn": lambda: torch.randn(3, 20),
    "rand": lambda: torch.rand(7),
    "randint": lambda: torch.randint(3, 10, (30,)),
    "randperm": lambda: torch.randperm(30),
    "randn_like": lambda: torch.randn_like(torch.ones(40)),
    "normal_": lambda: torch.ones(40).normal_(),
    "bernoulli": lambda: torch.bernoulli(torch.full((40,), 0.5)),
    "multinomial": lambda: torch.multinomial(torch.ones(40), 5),
    "dropout": lambda: functional.dropout(torch.ones(40), 0.5, training=True),
    "rrelu": lambda: functional.rrelu(-torch.ones(40), training=True),
    "gamma": lambda: torch.distributions.Gamma(torch.full((40,), 2.0), 1.0).sample(),
}


@pytest.mark.parametrize("name", DRAWS)
def test_own_noise_is_that_of_the_seed_and_leaves_pytorchs_generator_alone(name: str) -> None:
    draw = DRAWS[name]
    torch.manual_seed(5)
    expected = [draw() for _ in range(4)]
    before = torch.get_rng_state()
    noise = OwnNoise(5)
    with noise:
        drawn = [draw(), draw()]
    with noise:
        drawn += [draw(), draw()]
    assert all(torch.equal(a, b) for a, b in zip(drawn, expected, strict=True))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Model]:
    recipes = {"points": "", "letters": CONDITIONAL, "translator": TRANSLATING}
    return {
        name: ganzoo.load(train(tiny(tables, "run.steps=1"), tmp_path_factory.mktemp("runs")))
        for name, tables in recipes.items()
    }


def in_threads(work: Callable[[int], Any], count: int) -> list[Any]:
    """Call work(0), work(1), ... in 16 threads, while another one draws from PyTorch's own generator."""
    ended = threading.Event()

    def disturb() -> None:
        while not ended.is_set():
            torch.randn(random.randrange(1, 9))
            time.sleep(1e-4)

    disturber = threading.Thread(target=disturb)
    disturber.start()
    try:
        with ThreadPoolExecutor(THREADS) as pool:
            return [*pool.map(work, range(count))]
    finally:
        ended.set()
        disturber.join()


@pytest.mark.parametrize("name", ["points", "letters", "translator"])
def test_a_seed_gives_the_same_samples_in_every_thread(name: str, models: dict[str, Model]) -> None:
    model = models[name]
    expected = [model.sample(5, seed=seed) for seed in range(4)]
    drawn = in_threads(lambda k: model.sample(5, seed=k % 4), 64)
    assert all(torch.equal(samples, expected[k % 4]) for k, samples in enumerate(drawn))
    assert not torch.equal(expected[0], expected[1])


@pytest.mark.parametrize("name", ["points", "letters"])
def test_a_seed_gives_the_same_interpolation_in_every_thread(name: str, models: dict[str, Model]) -> None:
    model = models[name]
    expected = [model.interpolate(2, 3, seed=seed) for seed in range(4)]
    drawn = in_threads(lambda k: (model.interpolate(2, 3, seed=k % 4), model.sample(2, seed=k % 4)), 48)
    assert all(torch.equal(walks, expected[k % 4]) for k, (walks, _) in enumerate(drawn))
    assert all(torch.allclose(walks[:, 0], samples) for walks, samples in drawn)  # each begins at its sample


class Mixin:
    def prior(self, n: int) -> Tensor:
        return torch.full((n, 2), 7.0)


class Plain(Generator):
    z_dim = 2

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 2)

    def forward(self, source: Tensor, y: Tensor | None = None) -> Tensor:
        return self.layer(source)


class Shifted(Plain):
    def prior(self, n: int) -> Tensor:
        return super().prior(n) + 100


class Mixed(Mixin, Plain):
    pass


@pytest.mark.parametrize("kind", [Plain, Shifted, Mixed])
def test_a_prior_is_replaced_once_in_this_thread_alone(kind: type[Generator]) -> None:
    generator, calls = kind(), []

    def replace(n: int, prior: Callable[[int], Tensor]) -> Tensor:
        calls.append(prior(n).mean())
        return torch.zeros(n, 2)

    with replaced_priors(replace):
        assert generator.prior(3).tolist() == [[0, 0]] * 3
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(generator.prior, 3).result().any()
    assert len(calls) == 1
    assert {Plain: abs(calls[0]) < 9, Shifted: calls[0] > 90, Mixed: calls[0] == 7}[kind]
    assert "prior" not in vars(generator) and generator.prior(3).any()


def test_a_second_training_in_the_same_process_is_refused_in_one_line(tmp_path: Path) -> None:
    """They would draw from one generator, and neither would be what its seed says."""
    recipe = tiny("", "run.steps=1")
    with loop.alone_in_this_process(), ThreadPoolExecutor(1) as pool:
        second = pool.submit(train, recipe, tmp_path / "second")
        with pytest.raises(GanzooError, match=r"another training .* one after the other"):
            second.result()
    assert not (tmp_path / "second").exists()
    assert train(recipe, tmp_path / "first").status["state"] == "finished"


def test_an_evaluation_beside_a_training_is_refused(tmp_path: Path) -> None:
    """It seeds the generators that the training draws from."""
    with rng.owned(training=True), ThreadPoolExecutor(1) as pool:
        beside = pool.submit(ganzoo.evaluate, tmp_path / "nowhere")
        with pytest.raises(SetupError, match="Train and evaluate one after the other, or in a process each"):
            beside.result()
    with pytest.raises(RunError):
        ganzoo.evaluate(tmp_path / "nowhere")


def test_an_evaluation_waits_for_another_one() -> None:
    def evaluate() -> bool:
        with rng.owned():
            return True

    with ThreadPoolExecutor(1) as pool:
        with rng.owned(), rng.owned():  # a hook of an evaluation may evaluate, too
            second = pool.submit(evaluate)
            with pytest.raises(FutureTimeoutError):
                second.result(timeout=0.2)
        assert second.result(timeout=60)
