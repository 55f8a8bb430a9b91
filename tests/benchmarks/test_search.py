"""The comparison of a search with a grid: what a study may cost, and the table of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import marks
import search
from ganzoo.config import resolver
from ganzoo.registry import discovery

PLUGINS = discovery.load()
PAGE = (Path(__file__).parents[2] / "docs/sweeps.md").read_text()


def test_the_recipe_has_the_settings_that_are_searched(tmp_path: Path) -> None:
    path = tmp_path / "small.toml"
    path.write_text(search.RECIPE)
    recipe, _ = resolver.read(path, ("optimizer.lr=1e-3", "generator.z_dim=2"), PLUGINS.zoo)
    assert recipe.run.steps == 9 * (recipe.evaluate.every or 0), "a trial is evaluated nine times"


def test_the_grid_spans_the_ranges_of_the_search() -> None:
    assert [search.GRID_RATES[0], search.GRID_RATES[-1]] == pytest.approx([*search.RATES])
    assert (search.GRID_SIZES[0], search.GRID_SIZES[-1]) == search.SIZES
    ratios = [b / a for a, b in zip(search.GRID_RATES, search.GRID_RATES[1:], strict=False)]
    assert ratios == pytest.approx([ratios[0]] * 4)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([900, 450, 100], (2.0, pytest.approx(1.6111, abs=1e-3), 3)),  # within the budget: all trials count
        ([900] * 10, (1.0, 8.0, 8)),  # the ninth and tenth would cost too much
    ],
)
def test_a_study_counts_the_trials_that_its_budget_pays(
    steps: list[int], expected: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    values = [2.0, 1.5, 3.0] if len(steps) == 3 else [8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0, 0.5, 0.1]
    outcomes = [
        {"number": k, "state": "complete" if n == 900 else "pruned", "value": value, "steps": n, "length": 900}
        for k, (n, value) in enumerate(zip(steps, values, strict=True))
    ]
    monkeypatch.setattr(search, "ganzoo", lambda *words: outcomes[::-1])
    assert search.study(tmp_path / "small.toml", tmp_path, 0) == expected


def test_the_table_has_each_study_and_their_median() -> None:
    text = search.page(10.0, [(9.0, 7.5, 20), (12.0, 7.9, 21), (10.5, 8.0, 19)], 0.2)
    assert "| grid of 5 x 5 | 10 | 1 | 25 | |" in text
    assert "| study with seed 1 | 12 | 1.20 | 7.9 | 21 |" in text
    assert text.endswith("| median of the studies | 10.5 | 1.05 | 7.9 | |")


def test_the_table_has_its_place_on_the_page() -> None:
    assert marks.insert(PAGE, search.BEGIN, "x") != PAGE
