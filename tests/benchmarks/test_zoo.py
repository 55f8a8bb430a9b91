"""The zoo's table: every row can be run, every result belongs to a row, and the page is what the command writes."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
import torch

import ganzoo
import zoo
from ganzoo.config import locate
from ganzoo.config.resolver import read
from ganzoo.registry import discovery
from helpers.support import tiny, train

PLUGINS = discovery.load()
ROWS = zoo.rows()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.key)
def test_a_row_names_what_there_is(row: zoo.Row) -> None:
    read(locate.find(row.recipe, PLUGINS), row.changes, PLUGINS.zoo)
    assert (zoo.INDEX.parent / row.page).is_file()
    assert callable(importlib.import_module(f"judges.{row.judge}").judge)
    assert row.result is None or row.result["changes"] == list(row.changes), "measured with other changes: run it again"


def test_every_result_belongs_to_a_row() -> None:
    assert {path.stem for path in zoo.RESULTS.glob("*.json")} <= {row.key for row in ROWS}


def test_the_page_is_what_the_command_writes() -> None:
    page = zoo.INDEX.read_text()
    assert zoo.insert(page, zoo.table()) == page, "run `python benchmarks/zoo.py table`"


def test_a_row_is_trained_judged_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zoo, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(zoo, "PICTURES", tmp_path / "pictures")
    row = zoo.Row("GAN on a ring", "mlp.md", "any", "points", ("run.steps=12",), "8 of 8")
    assert row.result is None
    zoo.write(row, train(tiny(), tmp_path))
    assert (row.result["steps"], row.result["data"], row.result["batch_size"]) == (12, "ring", 16)
    assert row.result["figure"].endswith("of high quality (2,500 samples)")
    assert [path.name for path in (tmp_path / "pictures").iterdir()] == ["any.png"]
    monkeypatch.setattr(zoo, "rows", lambda: [row, zoo.Row("x", "x.md", "other", "points")])
    assert "| [GAN on a ring](mlp.md) | `ganzoo run any run.steps=12` | ring | 12 |" in zoo.table()
    assert zoo.table().endswith("\n\nNot measured yet:\n\n- `ganzoo run other`\n")


def test_judges_of_points_and_lines_know_the_data_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def drawing_the_data(recipe: str, judge: str) -> str:
        run = train(tiny("", recipe), tmp_path)
        data = run.recipe(PLUGINS.zoo).dataset().tensors()["x"]
        monkeypatch.setattr(ganzoo.Model, "sample", lambda self, n, seed: data[torch.arange(n) % len(data)])
        return importlib.import_module(f"judges.{judge}").judge(run)

    assert drawing_the_data("dataset.n=5000", "points").startswith("8 of 8 modes, 99 % of high quality")
