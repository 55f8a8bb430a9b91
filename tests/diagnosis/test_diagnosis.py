"""The rules of diagnosis, in runs with a problem and in healthy ones."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ganzoo import Generator, Spec, Zoo, hookimpl
from ganzoo.config import resolver
from ganzoo.diagnosis import RULES, Finding, diagnose, examine
from ganzoo.diagnosis.history import LEAST, History, Series, lasting_since
from ganzoo.registry import discovery
from ganzoo.runs.scores import Score
from ganzoo.sampling.run import Run
from ganzoo_builtins.datasets.toy import Ring
from helpers.support import tiny, train

RING = """
[run]
steps = 300
batch_size = 64
log = 5
sample = 100
save = 400
[generator]
use = "mlp"
z_dim = 4
hidden = [64, 64]
norm = "none"
[discriminator]
use = "mlp"
hidden = [64, 64]
[optimizer]
use = "adam"
lr = 1e-3
betas = [0.5, 0.999]
"""
CLIPPED = RING + '[[regularizer]]\nuse = "weight_clipping"\nlimit = 1e-3\n'
DIGITS = RING + '[dataset]\nuse = "digits"\n'
"""Recipes with a problem: name of the finding -> recipe, changes to it, and the setting that the finding suggests."""
SICK: dict[str, tuple[str, list[str], str]] = {
    "discriminator_won": (
        DIGITS,
        ["loss.use=minimax", "optimizer.discriminator.lr=5e-3", "optimizer.generator.lr=1e-4"],
        "loss.use=non_saturating",
    ),
    "generator_collapsed": (
        DIGITS,
        ["generator.use=narrowing", "optimizer.generator.lr=2e-2", "run.steps=400", "run.sample=25"],
        "optimizer.generator.lr=0.001",
    ),
    "oscillation": (
        RING,
        ["loss.use=wasserstein", "optimizer.lr=1e-2", "optimizer.betas=[0.9, 0.9]"],
        "optimizer.betas=[0.5, 0.9]",
    ),
    "exploding_gradients": (RING, ["loss.use=wasserstein", "optimizer.lr=0.1", "run.steps=150"], "optimizer.lr=0.001"),
    "dead_discriminator": (RING, ["optimizer.discriminator.lr=0.0"], "optimizer.discriminator.lr=0.001"),
}


class Parrot(Generator):
    """A generator of its training data."""

    z_dim = 1

    def __init__(self, spec: Spec):
        super().__init__()
        self.points = nn.Parameter(Ring(n=200).tensors()["x"])

    def forward(self, source: Tensor, y: Tensor | None = None) -> Tensor:
        return self.points[(1000 * source[:, 0].abs()).long() % len(self.points)]  # (N, 1) -> (N, 2)


class Narrowing(Generator):
    """A generator whose samples become one image: collapse that does not hang on a processor's rounding."""

    z_dim = 64

    def __init__(self, spec: Spec):
        super().__init__()
        self.mean = nn.Parameter(torch.zeros(1, 8, 8))
        self.register_buffer("spread", torch.ones(()))

    def forward(self, source: Tensor, y: Tensor | None = None) -> Tensor:
        if self.training:
            self.spread = (self.spread - 1 / 200).clamp(min=0)
        return self.mean + self.spread * source.view(-1, 1, 8, 8)  # (N, 64) -> (N, 1, 8, 8)


class Planted:
    @hookimpl
    def ganzoo_register(self, zoo: Zoo) -> None:
        zoo.add("generator", "parrot", Parrot)
        zoo.add("generator", "narrowing", Narrowing)


PLUGINS = discovery.load()
PLUGINS.zoo.merge(discovery.load({"acme/planted": Planted()}).zoo)


def findings(text: str, changes: list[str], out: Path) -> tuple[Run, dict[str, Finding]]:
    run = train(tiny(text, *changes, plugins=PLUGINS), out, plugins=PLUGINS)
    return run, {finding.name: finding for finding in diagnose(run)}


@pytest.mark.parametrize("name", SICK)
def test_a_run_with_a_problem(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text, changes, change = SICK[name]
    run, by_name = findings(text, changes, tmp_path)
    assert name in by_name
    assert by_name[name].change == change
    assert 0 < by_name[name].since_step < run.status["step"]
    assert capsys.readouterr().err.count(f"{name.replace('_', ' ')} since step") == 1  # reported once during training


def test_a_discriminator_with_clipped_weights(tmp_path: Path) -> None:
    _, found = findings(CLIPPED, [], tmp_path)
    assert [*found] == ["dead_discriminator"]
    assert "its loss stays at 1.386" in found["dead_discriminator"].evidence  # log 4
    assert found["dead_discriminator"].change == "regularizer.0.limit=0.01"


@pytest.mark.parametrize("name", SICK)
def test_a_finding_suggests_an_existing_setting(name: str) -> None:
    text, changes, change = SICK[name]
    before, after = (tiny(text, *more, plugins=PLUGINS) for more in (changes, [*changes, change]))
    assert before.resolved() != after.resolved()


def test_rules_find_nothing_at_any_step_of_a_healthy_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run, found = findings(RING, ["run.steps=300"], tmp_path)
    assert not found
    rows, recipe = [*run.metrics()], run.resolved["recipe"]
    assert not [one for n in range(len(rows)) for one in examine(rows[:n], (), recipe)]
    assert "since step" not in capsys.readouterr().err


def rows_of(n: int = 40, **series: Any) -> list[dict[str, Any]]:
    """Return rows of steps 10, 20, ...; a series is a function of the progress of the run, from 0 to 1."""
    return [{"step": 10 * (i + 1), **{name: at(i / (n - 1)) for name, at in series.items()}} for i in range(n)]


def test_a_critic_whose_values_are_large_has_not_won() -> None:
    """It recognizes every fake, by thousands; the generator still has a useful gradient."""
    critic = {"real": lambda s: 4e3 * s, "fake": lambda s: -9e3 * s, "told_apart": lambda s: 1.0}
    healthy = rows_of(**critic, **{"gradient/generator": lambda s: 3.0 - s})
    assert not examine(healthy)
    (won,) = examine(rows_of(**critic, **{"gradient/generator": lambda s: 3.0 * 10 ** (-6 * s)}))
    assert won.name == "discriminator_won"
    assert won.evidence == (
        "the discriminator tells 100.0% of pairs apart (outputs 4e+03 on real and -9e+03 on fake samples), and the "
        "generator's gradient fell from 3 to 4.3e-06"
    )


def test_a_problem_that_is_over_is_not_found() -> None:
    series = {"told_apart": lambda s: 0.0 if s < 0.7 else 0.6}
    assert not examine(rows_of(**series))
    assert [one.name for one in examine(rows_of(**series)[:20])] == ["dead_discriminator"]


def test_late_explosions_suggest_clipping_and_clipped_ones_a_lower_rate() -> None:
    rows = rows_of(**{"gradient/generator": lambda s: 1.0 if s < 0.85 else 1e5})
    optimizer = {"optimizer": {"lr": 0.5}}
    assert [one.change for one in examine(rows, (), optimizer)] == ["run.clip=1.0"]
    assert [one.change for one in examine(rows, (), {"run": {"clip": 1.0}, **optimizer})] == ["optimizer.lr=0.005"]


def test_improving_diversity_is_no_collapse() -> None:
    def found(values: list[float], **run: float) -> list[int]:
        rows = [{"step": 100 * (i + 1), "samples/diversity": value} for i, value in enumerate(values)]
        return [one.since_step for one in examine(rows, (), {"run": {"steps": 1000, **run}})]

    assert found([0.9, 0.1, 0.05, 0.05]) == [200]
    assert found([0.9, 0.05, 0.1, 0.15]) == []  # it rises
    assert found([0.9, 0.1, 0.05]) == []  # two grids
    assert found([0.05, 0.05, 0.05]) == []  # early, and never better
    assert found([0.05] * 6) == [100]
    assert found([0.9, 0.1, 0.05, 0.05], ema=0.999) == []  # averages over 1,000 steps


def scores(name: str, *values: tuple[int, float], floor: float = 1.0, better: str = "nearer") -> list[Score]:
    return [Score(step, name, value, floor, better, {}) for step, value in values]


def test_missing_classes_and_memorized_samples() -> None:
    rows, recipe = [{"step": 900}], {"run": {"steps": 1000}, "optimizer": {"lr": 4e-4}}
    (collapsed,) = examine(rows, scores("class_coverage@referee", (900, 4), floor=10, better="higher"), recipe)
    assert (collapsed.name, collapsed.change) == ("generator_collapsed", "optimizer.lr=0.0001")
    assert collapsed.evidence == "class_coverage@referee is 4, where real samples have 10"
    assert not examine(rows, scores("class_coverage@referee", (900, 6), floor=10, better="higher"), recipe)

    by_heart = scores("nearest_neighbour@raw", (200, 1.0), (400, 0.8), (600, 0.4), (800, 0.1))
    (copied,) = examine(rows, by_heart, recipe)
    assert (copied.name, copied.change, copied.since_step) == ("memorising", "run.steps=400", 600)
    assert not examine(rows, by_heart[:2], recipe)


def test_copies_of_the_training_data_are_found_in_an_evaluated_run(tmp_path: Path) -> None:
    judged = '[generator]\nuse = "parrot"\n[evaluate]\nevery = 6\n[[metric]]\nuse = "nearest_neighbour"'
    run = train(tiny(judged, "optimizer.lr=1e-9", plugins=PLUGINS), tmp_path, plugins=PLUGINS)
    (found,) = [finding for finding in diagnose(run) if finding.name == "memorising"]
    assert found.since_step == 6 and "nearest_neighbour@raw is" in found.evidence
    sound = tiny("[evaluate]\nevery = 6\n[[metric]]\nuse = 'nearest_neighbour'")
    assert "memorising" not in [finding.name for finding in diagnose(train(sound, tmp_path))]


def test_lasting_conditions() -> None:
    series = Series(tuple(range(40)), (0.0,) * 40)
    assert lasting_since(series, [False] * 30 + [True] * 10) == 30
    assert lasting_since(series, [False] * 31 + [True] * 9) is None  # less than a quarter
    assert lasting_since(Series((1, 2), (0.0, 0.0)), [True, True]) is None  # fewer than 8
    assert Series((1, 2, 3), (1.0, 9.0, 2.0)).smooth.values == (2.0, 2.0, 2.0)
    assert LEAST == 8


def strange(random: random.Random) -> Iterator[dict[str, Any]]:
    names = ["real", "fake", "told_apart", "gradient/generator", "gradient/discriminator", "samples/diversity"]
    values = [None, 0.0, 1.0, -1e300, 1e300, 0.5, 1e-300, 7]
    for t in range(30):
        chosen = [name for name in [*names, "discriminator/adversarial"] if random.random() < 0.9]
        yield {"step": t, **{name: random.choice(values) for name in chosen}}


def test_rules_accept_any_numbers() -> None:
    for seed in range(200):
        for recipe in ({}, {"optimizer": {}, "regularizer": [{"use": "r1"}], "run": {"ema": 0.9, "steps": None}}):
            for finding in examine(strange(random.Random(seed)), (), recipe):
                assert str(finding)
    assert not examine([])
    assert {rule.__name__ for rule in RULES} >= SICK.keys()


def test_a_recipe_is_read_as_in_resolved_json() -> None:
    recipe = tiny(RING).resolved()
    assert History([], (), recipe).recipe["optimizer"]["lr"] == 1e-3
    assert resolver.resolve(recipe, PLUGINS.zoo, "x", name="x")
