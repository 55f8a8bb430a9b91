"""Measurements of printed recipes: each belongs to a recipe as it is, and the page is what the command writes."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

import marks
import printed
from ganzoo.config import instantiate, locate, resolver
from ganzoo.registry import discovery
from ganzoo.utils.meta import meta_device
from helpers.miniature import RECIPE, REFEREE, write_mnist
from standings.judging import Judge
from standings.systems import digest

PLUGINS = discovery.load()


@pytest.mark.parametrize("cell", printed.stored(), ids=lambda cell: cell["recipe"])
def test_a_measurement_is_of_the_recipe_as_it_is(cell: dict[str, Any]) -> None:
    recipe, _ = resolver.read(locate.find(cell["recipe"], PLUGINS), tuple(cell["changes"]), PLUGINS.zoo)
    with meta_device():
        procedure = instantiate.procedure(recipe, instantiate.dataset(recipe).spec)
    assert digest(recipe, procedure) == cell["digest"], "measured with other settings: measure it again"


def test_the_page_is_what_the_command_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(printed, "IMAGES", tmp_path)
    text = printed.PAGE.read_text()
    assert marks.insert(text, printed.BEGIN, printed.page(printed.stored())) == text
    shown = {path.name: path.read_bytes() for path in (printed.TOP / "docs/images/printed").iterdir()}
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == shown


def test_a_recipe_is_judged_at_each_number_of_minutes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_mnist(tmp_path / "data")
    monkeypatch.setenv("GANZOO_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(printed, "Judge", partial(Judge, settings=REFEREE))
    monkeypatch.setattr(printed, "SAMPLES", 20)
    monkeypatch.setattr(printed, "IMAGES", tmp_path / "images")
    (tmp_path / "tiny.toml").write_text(RECIPE)
    cell = printed.measure(tmp_path / "tiny.toml", ("run.ema=0",), [0.001, 0.004], PLUGINS, tmp_path / "run")
    first, last = cell["marks"]
    assert 0 < first["step"] < last["step"] and last["images"] == 8 * last["step"]
    assert first["scores"]["frechet_distance"]["value"] != last["scores"]["frechet_distance"]["value"]
    assert first["protocol"]["samples"] == last["protocol"]["samples"] == 20
    row = printed.lines(cell)[-1].split(" | ")
    assert row[0] == "| `tiny run.ema=0`" and row[2] == f"{last['step']:,}"
    assert "![Samples of tiny](images/printed/tiny.png)" in printed.page([cell])
    assert [path.name for path in (tmp_path / "images").iterdir()] == ["tiny.png"]


def test_a_training_that_diverges_is_a_row_too() -> None:
    cell = {"recipe": "tiny", "marks": [], "diverged": "step 7: d_loss is nan"}
    assert printed.lines(cell) == ["| `tiny` | diverged: step 7: d_loss is nan |"]
