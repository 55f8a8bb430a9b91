"""Settings for a shorter training: which are proposed, with a stopwatch that knows widths and sides alone."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from accelerate import Accelerator

from ganzoo.config import instantiate
from ganzoo.config.recipe import Recipe
from ganzoo.interfaces import Spec
from ganzoo.training import shorten
from ganzoo.training.forecast import Forecast
from helpers.support import accelerator, tiny

PICTURES = """
[dataset]
use = "folder"
path = "nowhere"
[generator]
use = "dcgan"
width = 64
[discriminator]
use = "dcgan"
"""


def ways(recipe: Recipe, hours: float) -> str:
    spec = Spec((3, 64, 64)) if recipe.dataset.entry.name == "folder" else instantiate.dataset(recipe).spec
    return shorten.ways(recipe, spec, Forecast(100_000, 0.036 * hours), accelerator())


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Recipe:
    """A step's time is as the square of the width and of the side."""

    def quadratic(recipe: Recipe, spec: Spec, accelerator: Accelerator) -> float:
        network = recipe.parts["discriminator"]
        assert not isinstance(network, list)
        return float(network.settings.get("width", 64) ** 2 * spec.shape[-1] ** 2)

    monkeypatch.setattr(shorten, "_time", quadratic)
    return tiny(PICTURES, f"dataset.path={tmp_path}", "generator.width=64")


def test_nothing_is_said_of_a_training_of_an_hour(folder: Recipe) -> None:
    assert ways(folder, 1.2) == ""


def test_a_time_limit_counts(folder: Recipe) -> None:
    assert ways(tiny("", "run.max_time=30m"), 10) == ""


def test_the_mildest_change_of_widths_and_of_the_side(folder: Recipe) -> None:
    assert ways(folder, 4) == (
        "run.steps=25000, or generator.width=32 discriminator.width=32 (60 min), or dataset.size=32 (60 min)"
    )


def test_one_change_may_need_to_be_larger(folder: Recipe) -> None:
    assert ways(folder, 10) == "run.steps=10000, or generator.width=16 discriminator.width=16 (38 min)"


def test_both_together_where_neither_is_enough(folder: Recipe) -> None:
    """70 hours: a quarter of the widths and half of the side would take 66 minutes."""
    assert ways(folder, 70) == "run.steps=1400, or generator.width=8 discriminator.width=8 dataset.size=32 (16 min)"


def test_fewer_steps_of_the_fastest_where_nothing_is_enough(folder: Recipe) -> None:
    assert ways(folder, 512) == (
        "run.steps=190, or generator.width=8 discriminator.width=8 dataset.size=32 run.steps=50000"
    )


def test_epochs_stay_epochs() -> None:
    recipe = tiny("", "run.epochs=10")
    assert ways(recipe, 10).startswith("run.epochs=1")
    assert ways(tiny("", "run.epochs=1500"), 10).startswith("run.epochs=150")
    assert "run.steps" not in ways(recipe, 10)


def test_hidden_layers_are_halved_and_none_becomes_narrower_than_eight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shorten, "_time", lambda recipe, spec, accelerator: 0.0 if "16" in str(recipe.parts) else 1.0)
    recipe = tiny("", "generator.hidden=[8, 64]", "discriminator.hidden=[32]")
    assert ways(recipe, 10).endswith("generator.hidden=[8, 32] discriminator.hidden=[16] (1 s)")


def test_the_time_of_a_step_is_that_of_the_networks_and_no_random_number_is_used_up() -> None:
    """Wide networks take several times as long as narrow ones; the state of the generators is as before."""
    recipe = tiny("", "generator.hidden=[1024, 1024]", "discriminator.hidden=[1024, 1024]", "run.batch_size=64")
    before = torch.get_rng_state()
    told = shorten.ways(recipe, Spec((2,)), Forecast(1000, 10.0), accelerator())
    assert torch.equal(torch.get_rng_state(), before)
    assert told.startswith("run.steps=360, or generator.hidden=[")


def test_a_procedure_that_fails_on_noise_leaves_fewer_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> float:
        raise KeyError("a")

    monkeypatch.setattr(shorten, "_time", fail)
    assert ways(tiny(), 10) == "run.steps=10000"
