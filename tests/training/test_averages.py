"""Averages of weights: half-lives, widths that are shares of the run, several at once, and those rebuilt afterwards."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

import ganzoo
from ganzoo.config.average import Average
from ganzoo.errors import RecipeError, RunError
from ganzoo.runs import averages, checkpoint
from ganzoo.utils import power_average
from helpers.killed import differences, killed_after
from helpers.support import PLUGINS, tiny, train


def test_a_half_life_halves_and_its_ramp_shortens_it() -> None:
    rule = Average(half_life=10).rule()
    assert math.prod(rule(t) for t in range(10)) == pytest.approx(0.5)
    ramp = Average(half_life=10, ramp=0.05).rule()
    assert ramp(0) == 0 and ramp(100) == pytest.approx(0.5 ** (1 / 5)) and ramp(400) == pytest.approx(0.5 ** (1 / 10))
    assert Average(half_life=0).rule()(5) == 0
    assert [Average(decay=0.5).rule()(t) for t in (0, 2, 20)] == pytest.approx([0.1, 0.25, 0.5])


def test_a_half_life_may_change() -> None:
    recipe = tiny("", 'run.ema={half_life={use="cosine",from=0,to=8,over=0.5}}')
    average = recipe.run.every_average()[""]
    rule = average.rule(recipe.half_lives[""], 40)
    assert rule(0) == 0 and rule(10) == pytest.approx(0.5 ** (1 / 4)) and rule(30) == pytest.approx(0.5 ** (1 / 8))
    assert recipe.resolved()["run"]["ema"] == {"half_life": {"use": "cosine", "from": 0, "to": 8, "over": 0.5}}


@pytest.mark.parametrize(("sigma", "gamma"), [(0.05, 16.97220), (0.1, 6.93720), (0.15, 3.558), (0.2, 1.826)])
def test_the_exponent_of_a_width(sigma: float, gamma: float) -> None:
    assert power_average.exponent(sigma) == pytest.approx(gamma, rel=2e-4)


def test_the_recursion_has_the_profile() -> None:
    """The weight of update s after t is about (gamma + 1) s^gamma / t^(gamma + 1), whose width is sigma."""
    rule, t = Average(power=0.1).rule(), 400
    assert rule(0) == 0  # the first average is the first value
    weights = torch.zeros(t, dtype=torch.float64)
    for k in range(t):
        weights *= rule(k)
        weights[k] += 1 - rule(k)
    s = torch.arange(1, t + 1) / t
    assert weights.sum().item() == pytest.approx(1)
    mean = (weights * s).sum()
    gamma = power_average.exponent(0.1)
    assert mean.item() == pytest.approx(1 - 1 / (gamma + 2), abs=0.01)
    assert (weights * (s - mean).square()).sum().sqrt().item() == pytest.approx(0.1, rel=0.03)


def test_snapshots_of_two_widths_give_any_other() -> None:
    """The profile of the sum of 16 snapshots each, beside the one that it should have."""
    t, s = 1600, torch.arange(1, 1601, dtype=torch.float64)

    def profile(time: int, sigma: float) -> torch.Tensor:
        gamma = power_average.exponent(sigma)
        return torch.where(s <= time, (gamma + 1) * (s / time) ** gamma / time, 0)

    saved = [(100 * k, sigma) for k in range(1, 17) for sigma in (0.05, 0.1)]
    for sigma, error in ((0.07, 0.01), (0.15, 0.02), (0.1, 1e-6)):
        factors = power_average.combination([time for time, _ in saved], [each for _, each in saved], t, sigma)
        total = sum(factor * profile(*one) for factor, one in zip(factors, saved, strict=True))
        wanted = profile(t, sigma)
        assert (total - wanted).norm() / wanted.norm() < error, sigma
        assert sum(factors) == pytest.approx(1)


@pytest.mark.parametrize(
    "text", ["{}", "{decay=0.9,power=0.1}", "{power=0.5}", "{decay=0.9,ramp=0.05}", '{half_life={use="linear"}}']
)
def test_a_wrong_average_is_refused(text: str) -> None:
    with pytest.raises(RecipeError, match="averages"):
        tiny("", f"run.averages.slow={text}")


AVERAGES = (
    "run.ema=0.9",
    "run.averages.slow.half_life=4",
    "run.averages.narrow.power=0.05",
    "run.averages.wide.power=0.1",
    "run.snapshots=2",
)


def test_several_averages_are_kept_sampled_and_resumed(tmp_path: Path) -> None:
    run = train(tiny("", *AVERAGES, "run.steps=6", "run.save=3"), tmp_path)
    saved = checkpoint.read(run.latest)
    assert {name.partition(".")[0] for name in saved.tensors["averages"]} == {"slow", "narrow", "wide"}
    samples = {
        name: ganzoo.load(run, average=name).sample(4, seed=0) for name in (None, "trained", "slow", "wide", 0.1)
    }
    assert all(not torch.equal(samples[a], samples[b]) for a in (None, "trained", "slow") for b in samples if a != b)
    torch.testing.assert_close(samples[0.1], samples["wide"], atol=1e-4, rtol=0)  # rebuilt from what it is
    assert [one.step for one in averages.find(run.folder, 5)] == [2, 2, 4, 4]
    with pytest.raises(RunError, match=r"no average named 'slwo'. Did you mean 'slow'\?"):
        run.load(average="slwo")
    killed = killed_after(3, run, tmp_path / "killed")
    train(killed.recipe(PLUGINS.zoo, []), tmp_path, killed)
    assert differences(killed, run) == []


def test_too_few_snapshots_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"0 snapshots of averages, and at least 2 are needed"):
        averages.rebuild(tmp_path, {"wide": 0.1}, 10, 0.2)
