"""The table leaves the rest of its page unchanged, and a goal that cannot be measured is a row with the error."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

TOP = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def table() -> ModuleType:
    spec = importlib.util.spec_from_file_location("table", TOP / "benchmarks/table.py")
    assert spec and spec.loader
    module = sys.modules["table"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_only_what_is_between_the_marks_is_replaced(table: ModuleType) -> None:
    page = (TOP / "docs/benchmarks.md").read_text()
    once = table.insert(page, "one")
    assert table.insert(once, "two") == once.replace("\none\n", "\ntwo\n")
    assert once.split(table.BEGIN)[0] == page.split(table.BEGIN)[0]
    assert once.split(table.END)[1] == page.split(table.END)[1]
    with pytest.raises(ValueError, match="needs the two lines"):
        table.insert("no marks", "one")


@pytest.mark.parametrize(
    ("printed", "at_most", "row"),
    [
        ("3", False, "| a | at least 2 | 3.00 | holds |"),
        ("1", False, "| a | at least 2 | 1.00 | misses by 50% |"),
        ("3", True, "| a | at most 2 | 3.00 | misses by 50% |"),
        ("1", True, "| a | at most 2 | 1.00 | holds |"),
    ],
)
def test_a_row_says_whether_the_goal_holds(table: ModuleType, printed: str, at_most: bool, row: str) -> None:
    goal = table.Goal("a", ("-c", f"print({printed})"), 2.0, lambda told: [float(told)], at_most=at_most)
    assert table.measure(goal, 1, False, {}).startswith(row)


def test_a_goal_that_fails_is_a_row(table: ModuleType) -> None:
    goal = table.Goal("a", ("-c", "raise SystemExit('no data')"), 2.0, lambda told: [told])
    assert "| not measured | no data |" in table.measure(goal, 1, False, {})


def test_every_goal_names_a_reference_that_there_is(table: ModuleType) -> None:
    for goal in table.GOALS:
        if "--against" in goal.words:
            folder = goal.words[goal.words.index("--against") + 1]
            assert (TOP / f"benchmarks/{folder}s/{goal.words[3]}.py").is_file()
