"""Comparison with printed losses: the averaged steps, the verdicts, and short runs."""

from __future__ import annotations

import importlib.util
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

from helpers import support

TOP = Path(__file__).parents[2]
PRINTED = tomllib.loads((TOP / "benchmarks/seed_tables/printed.toml").read_text())


@pytest.fixture(scope="module")
def seed_tables() -> ModuleType:
    spec = importlib.util.spec_from_file_location("seed_tables", TOP / "benchmarks/seed_tables.py")
    assert spec and spec.loader
    module = sys.modules["seed_tables"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_twenty_steps_nearest_to_a_mark(seed_tables: ModuleType) -> None:
    assert seed_tables.window(2000, 10_000) == range(1991, 2011)
    assert seed_tables.window(10_000, 10_000) == range(9981, 10_001)
    assert seed_tables.window(5, 100) == range(1, 21)
    assert seed_tables.window(1, 100) == range(1, 2)
    assert seed_tables.window(4, 6) == range(1, 7)


@pytest.mark.parametrize(
    ("value", "verdict"), [(2.0, "averages"), (3.0, "averages"), (1.1, "batches"), (0.7, "below"), (4.3, "above")]
)
def test_where_a_printed_value_lies(seed_tables: ModuleType, value: float, verdict: str) -> None:
    """Two seeds, averages 2 and 3; the single losses 1.5, 2.5, 2.5, 3.5 are 2.5 +- 2 * 0.816."""
    row = seed_tables.Row(10, "generator", [value], [[1.5, 2.5], [2.5, 3.5]])
    assert row.averages == (2.0, 3.0)
    assert row.batches == pytest.approx((2.5 - 2 * (2 / 3) ** 0.5, 2.5 + 2 * (2 / 3) ** 0.5))
    assert row.verdict(value) == verdict


def test_a_row_for_each_printed_step_that_a_seed_reached(seed_tables: ModuleType) -> None:
    printed = [{"losses": [[1, 0.5, 1.5], [4, 0.6, 1.6]]}, {"losses": [[1, 0.7, 1.7], [9, 0.8, 1.8]]}]
    seeds = [{"generator": {1: [0.6], 4: [0.5, 0.7]}, "discriminator": {1: [1.4], 4: [1.0, 1.1]}}]
    found = seed_tables.rows(printed, seeds)
    assert [(row.step, row.player, row.printed) for row in found] == [
        (1, "generator", [0.5, 0.7]),
        (4, "generator", [0.6]),
        (1, "discriminator", [1.5, 1.7]),
        (4, "discriminator", [1.6]),
    ]
    text = seed_tables.table(found, {"7": {"steps": 4}})
    assert "Seed 7: 4 steps. Of 6 printed values 1 lie" in text
    assert "| 4 | generator | 0.600 averages | 0.600 to 0.600 | 0.317 to 0.883 |" in text


def test_what_is_kept_of_a_run(seed_tables: ModuleType, tmp_path: Path) -> None:
    """The losses of the steps around each mark, the same each time, as many as the run is long."""
    recipe = tmp_path / "tiny.toml"
    recipe.write_text(support.toml())
    kept = seed_tables.measure(str(recipe), ["run.steps=24"], 3, [1, 2, 24, 100])
    assert kept["steps"] == 24
    for losses in kept["losses"].values():
        assert {mark: len(around) for mark, around in losses.items()} == {1: 1, 2: 20, 24: 20}
        assert losses[2][4:] == losses[24][:16]  # steps 5 to 20
    assert kept["losses"] == seed_tables.measure(str(recipe), ["run.steps=24"], 3, [1, 2, 24])["losses"]


@pytest.mark.parametrize("recipe", sorted(PRINTED))
def test_every_printed_table_has_a_recipe_a_page_and_steps_in_order(seed_tables: ModuleType, recipe: str) -> None:
    assert (TOP / f"recipes/{recipe}.toml").is_file()
    assert f"seed_tables.py {recipe} -->" in (TOP / "docs/zoo" / PRINTED[recipe]["page"]).read_text()
    for one in PRINTED[recipe]["printed"]:
        steps = [line[0] for line in one["losses"]]
        assert steps == sorted(steps) and (steps[0], steps[-1]) == (1, one["steps"])
        assert all(len(line) == 3 and min(line[1:]) > 0 for line in one["losses"])
