"""Every recipe trains for a few steps and draws samples of the right shape."""

from pathlib import Path

import ganzoo
import pytest

import ganzoo_bigan

RECIPES = sorted(Path(ganzoo_bigan.__file__).parent.glob("recipes/*.toml"))


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: path.stem)
def test_trains(recipe, tmp_path):
    run = ganzoo.train(recipe, {"run.steps": 3, "run.batch_size": 8}, out=tmp_path)
    assert run.status["state"] == "finished"
    assert ganzoo.load(run).sample(2, seed=0).shape == (2, *run.spec.shape)
