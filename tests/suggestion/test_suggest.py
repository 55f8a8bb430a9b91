"""ganzoo.suggest(): what is searched, returned and written. The search itself is tested in test_choice.py."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

import ganzoo
from ganzoo.config.component import Blueprint
from ganzoo.config.instantiate import dataset_from
from ganzoo.errors import GanzooError
from ganzoo.hookspecs import Suggestion
from ganzoo.interfaces import Spec
from ganzoo.registry.discovery import Plugins
from ganzoo.registry.zoo import Entry
from ganzoo.suggestion import suggest as suggestion
from ganzoo.suggestion.choice import Choice
from ganzoo.suggestion.pictures import Pictures

DATASET = Blueprint(Entry("dataset", "folder", "ganzoo", dict), {"path": "photos"})
PICTURES = Pictures(DATASET, Spec((3, 64, 64)), 2142, (64,), {}, [64, 80], [], 0.0, 2.0, False)
CHOICE = Choice(
    pictures=PICTURES,
    suggestion=Suggestion("width 16", {}, 2000, 50_000),
    tables={
        "run": {"steps": 2500, "batch_size": 32, "ema": 0.995},
        "dataset": {"use": "folder", "path": "photos"},
        "generator": {"use": "mlp", "width": 16},
    },
    minutes=15.0,
    step_seconds=0.342,
    machine="cpu, 1 thread",
    tried=(),
    busy=False,
    rushed=False,
)
Asked = list[tuple[str, list[str], float, Plugins]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """The arguments of each search, in place of which CHOICE is returned."""
    calls: Asked = []

    def choose(place: str, settings: list[str], minutes: float, plugins: Plugins, *more: Any) -> Choice:
        calls.append((place, settings, minutes, plugins))
        return replace(CHOICE, minutes=minutes)

    monkeypatch.setattr(suggestion, "choose", choose)
    return calls


def test_a_recipe_has_tables_reasons_and_a_summary(asked: Asked, tmp_path: Path) -> None:
    recipe = ganzoo.suggest("photos", {"size": 64, "fit": "pad"}, minutes=5, out=tmp_path / "mine.toml")
    assert [call[:3] for call in asked] == [("photos", ["size=64", 'fit="pad"'], 5)]
    assert recipe == CHOICE.tables and isinstance(recipe, dict)
    assert recipe.text.startswith("# photos in colour at 64x64, by `ganzoo.suggest('photos', minutes=5)`.")
    assert str(recipe) == recipe.text == (tmp_path / "mine.toml").read_text()
    assert tomllib.loads(recipe.text)["generator"] == {"use": "mlp", "width": 16}
    assert recipe.summary.startswith("2,142 pictures: enough to be recognised")


def test_a_file_is_not_overwritten_unasked(asked: Asked, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("mine")
    with pytest.raises(GanzooError, match="exists already"):
        ganzoo.suggest("photos", out=tmp_path / "mine.toml")
    with pytest.raises(GanzooError, match=r"end the name in \.toml"):
        ganzoo.suggest("photos", out=tmp_path / "mine.json")
    assert asked == [] and (tmp_path / "mine.toml").read_text() == "mine"
    ganzoo.suggest("photos", out=tmp_path / "mine.toml", force=True)
    assert (tmp_path / "mine.toml").read_text() != "mine"


def test_data_given_in_python_are_a_dataset_by_name(asked: Asked) -> None:
    ganzoo.suggest(torch.zeros(60, 1, 8, 8))
    ((place, _, _, plugins),) = asked
    assert place == "python/dataset"
    dataset = dataset_from(Blueprint(plugins.zoo.find("dataset", place)), seed=0)
    assert (len(dataset), dataset.spec) == (60, ganzoo.Spec((1, 8, 8)))
