"""A resumed run ends with the same bits as one that never stopped."""

from __future__ import annotations

from pathlib import Path

import pytest

from ganzoo.config.recipe import Recipe
from ganzoo.runs import checkpoint
from ganzoo.sampling.run import Run
from helpers.support import CONDITIONAL, PLUGINS, WGAN_GP, tiny, train, weights_hash

SHARED = """
[procedure]
use = "shared_fakes"
first = "generator"
g_steps = 2
"""
MOMENTUM = """
[optimizer]
use = "sgd"
lr = 0.1
momentum = 0.5
[schedule]
use = "exponential"
"""
LAZY = """
[[regularizer]]
use = "r1"
every = 4
"""
CONVOLUTIONAL = """
[dataset]
use = "glyphs"
n = 64
[procedure]
use = "adversarial"
[generator]
use = "compact"
z_dim = 4
width = 4
[discriminator]
use = "compact"
width = 4
[[regularizer]]
use = "spectral_norm"
[loss]
use = "non_saturating"
[optimizer]
use = "adam"
"""


def straight(recipe: Recipe, tmp_path: Path) -> Run:
    return train(recipe, tmp_path / "straight")


def in_two_parts(recipe: Recipe, first: int, tmp_path: Path) -> Run:
    """Train `first` steps, forget everything but the folder, then the rest."""
    begun = train(with_steps(recipe, first), tmp_path / "parts")
    again = Run.open(begun.folder)
    return train(again.recipe(PLUGINS.zoo, [f"run.steps={recipe.run.steps}"]), tmp_path, again)


def with_steps(recipe: Recipe, steps: int) -> Recipe:
    from dataclasses import replace

    return replace(recipe, run=recipe.run.model_copy(update={"steps": steps}))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="plain"),
        pytest.param(WGAN_GP, id="wgan_gp"),
        pytest.param(CONDITIONAL, id="conditional"),
        pytest.param(SHARED, id="shared fakes"),
        pytest.param(MOMENTUM, id="momentum and schedule"),
        pytest.param(LAZY, id="lazy penalty"),
    ],
)
@pytest.mark.parametrize("first", [1, 12, 13])  # 200 examples in batches of 16: an epoch is 12 batches
def test_same_weights(text: str, first: int, tmp_path: Path) -> None:
    recipe = tiny(text, "run.steps=20")
    assert weights_hash(in_two_parts(recipe, first, tmp_path)) == weights_hash(straight(recipe, tmp_path))


@pytest.mark.parametrize("setting", ["run.ema=0.9", 'run.precision="bf16"', "run.clip=0.1", "run.deterministic=true"])
def test_same_weights_with(setting: str, tmp_path: Path) -> None:
    recipe = tiny(WGAN_GP, "run.steps=9", setting)
    one, other = straight(recipe, tmp_path), in_two_parts(recipe, 4, tmp_path)
    assert weights_hash(one) == weights_hash(other)
    stored = [checkpoint.read(run.latest) for run in (one, other)]
    assert ("ema" in setting) == ("G.layers.3.running_var" in stored[0].tensors.get("ema", {}))
    for part in ("ema", "optimizer"):
        assert stored[0].tensors.get(part, {}).keys() == stored[1].tensors.get(part, {}).keys()
        for name, tensor in stored[0].tensors.get(part, {}).items():
            assert tensor.equal(stored[1].tensors[part][name]), name


def test_same_weights_and_optimizers_with_channels_last(tmp_path: Path) -> None:
    """Fused Adam does not check that its state has the order of the weights."""
    recipe = tiny(CONVOLUTIONAL, "run.steps=6", "run.channels_last=true", "run.ema=0.9")
    runs = straight(recipe, tmp_path), in_two_parts(recipe, 3, tmp_path)
    one, other = (checkpoint.read(run.latest) for run in runs)
    for part in ("model", "optimizer", "ema"):
        for name, tensor in one.tensors[part].items():
            assert tensor.equal(other.tensors[part][name]), f"{part} {name}"
    plain = train(tiny(CONVOLUTIONAL, "run.steps=6", "run.ema=0.9"), tmp_path)
    for row, other_row in zip(runs[0].metrics(), plain.metrics(), strict=True):
        for loss in ("generator/adversarial", "discriminator/adversarial"):
            assert row[loss] == pytest.approx(other_row[loss], rel=1e-3), "only rounding differs"


def test_how_often_one_looks_changes_nothing(tmp_path: Path) -> None:
    """Grids, logs and checkpoints draw nothing from the training's noise."""
    seldom = train(tiny("", "run.log=50", "run.sample=50", "run.save=50"), tmp_path)
    often = train(tiny("", "run.log=1", "run.sample=1", "run.save=1"), tmp_path)
    assert weights_hash(seldom) == weights_hash(often)


def test_another_seed_gives_other_weights(tmp_path: Path) -> None:
    assert weights_hash(train(tiny(), tmp_path)) != weights_hash(train(tiny("", "run.seed=1"), tmp_path))


def test_the_numbers_of_a_resumed_run_have_no_gap_and_no_double(tmp_path: Path) -> None:
    run = in_two_parts(tiny("", "run.steps=20"), 10, tmp_path)
    steps = [row["step"] for row in run.metrics()]
    assert steps == [4, 6, 8, 10, 12, 16, 18, 20]
    assert run.status["state"] == "finished"
    assert run.status["step"] == 20


def test_rows_after_the_checkpoint_are_written_again(tmp_path: Path) -> None:
    run = train(tiny("", "run.steps=8", "run.save=8"), tmp_path)
    run.metrics_log.append(9, {"generator/adversarial": 1.0})  # as a run killed after its checkpoint leaves behind
    with (run.folder / "metrics.jsonl").open("a") as file:
        file.write('{"step": 10, "genera')
    train(run.recipe(PLUGINS.zoo, ["run.steps=12"]), tmp_path, run)
    assert [row["step"] for row in run.metrics()] == [4, 6, 8, 12]
