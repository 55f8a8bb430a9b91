"""The count of modules that a recipe passes through, as defined in benchmarks/stations.py."""

from __future__ import annotations

import re
from typing import Any

import pytest

import stations
from helpers.support import tiny

LEVEL = {"low": 0, "middle": 1, "high": 2}


def entries(*calls: tuple[str, str]) -> list[stations.Entry]:
    return [stations.Entry(f"ganzoo.{caller}", f"ganzoo.{module}", "f") for caller, module in calls]


def counted(*calls: tuple[str, str]) -> tuple[int, int, int]:
    totals = stations.summary(stations.classify(entries(*calls), LEVEL))
    return totals["entered"], totals["climbs"], totals["returns"]


@pytest.mark.parametrize(
    ("calls", "totals"),
    [
        ([], (0, 0, 0)),
        ([("high", "middle"), ("middle", "low")], (3, 0, 0)),
        ([("high", "middle"), ("middle.a", "middle.b")], (3, 0, 0)),
        ([("middle", "low"), ("low", "high")], (3, 1, 0)),
        ([("high", "low"), ("high", "low")], (2, 0, 0)),
        ([("high", "low.a"), ("high", "low.b"), ("high", "low.a")], (3, 0, 1)),
        ([("high", "low"), ("low", "high")], (2, 1, 1)),
    ],
)
def test_climbs_and_returns(calls: list[tuple[str, str]], totals: tuple[int, int, int]) -> None:
    assert counted(*calls) == totals


def function(module: str, name: str, source: str, **names: Any) -> Any:
    """A function that says that it is defined in another module."""
    space: dict[str, Any] = {"__name__": module, **names}
    exec(source, space)
    return space[name]


def test_calls_are_watched_between_modules_and_through_others() -> None:
    low = function("ganzoo.low", "low", "def low(*recipes): pass")
    generator = function("ganzoo.low", "steps", "def steps(recipe):\n    yield 1\n    yield 2")
    foreign = function("elsewhere", "through", "def through(recipe): low(recipe)", low=low)
    outer = (
        "def high(recipe):\n    inner(recipe); foreign(recipe); list(steps(recipe)); low(1)\ndef inner(recipe): pass"
    )
    high = function("ganzoo.high", "high", outer, foreign=foreign, low=low, steps=generator)
    recipe = tiny()
    with stations.calls() as passed:
        high(recipe)
    assert [(entry.caller, entry.module, entry.function) for entry in passed] == [
        ("ganzoo.high", "ganzoo.low", "low"),
        ("ganzoo.high", "ganzoo.low", "steps"),
    ]


def test_methods_of_the_recipe_are_no_stations() -> None:
    recipe = tiny()
    use = function("ganzoo.high", "use", "def use(recipe): return recipe.resolved(), recipe.owners()")
    with stations.calls() as passed:
        use(recipe)
    assert not passed


def test_a_tiny_training_leads_the_recipe_down_and_never_back() -> None:
    entries = stations.trace("gan_mnist_printed", stations.TINY)
    assert entries[0].caller == "ganzoo.api"
    assert "ganzoo.metrics.evaluator" in {entry.module for entry in entries}, "the evaluation was left out"
    totals = stations.summary(entries)
    assert (totals["climbs"], totals["returns"]) == (0, 0), stations.table(entries)
    text = stations.table(entries)
    assert f"modules entered {totals['entered']}" in text
    assert len(text.splitlines()) == len(entries) + 2
    page = (stations.PYPROJECT.parent / "docs" / "design" / "layout.md").read_text()
    listed = set(re.findall(r"(?m)^\| `([a-z_.]+)` \| `", page.partition("## The files")[0]))
    assert listed == {entry.module.removeprefix("ganzoo.") for entry in entries}


def test_each_package_has_a_level() -> None:
    levels = stations.levels()
    assert levels["errors"] < levels["config"] < levels["training"] < levels["cli"]
