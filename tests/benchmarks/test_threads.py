"""The settings and situations that the benchmark of threads compares, and the rows that it writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import marks
import threads
from ganzoo.utils import openmp

PAGE = Path(__file__).parents[2] / "docs/benchmarks.md"


@pytest.mark.parametrize(
    ("auto", "end"), [(20.0, "| 0.90 holds |"), (18.0, "| 1.00 holds |"), (40.0, "| 0.45 misses by 50% |")]
)
def test_a_row_compares_auto_with_the_best_fixed_setting(auto: float, end: str) -> None:
    row = threads.row("a", "quiet", {"1 thread": 25.0, "2 threads, active": 18.0, "auto": auto})
    assert row == f"| a, quiet | 25.0 | 18.0 | {auto:.1f} {end}"


def test_auto_waits_as_the_command_does_and_is_the_last() -> None:
    *fixed, auto = threads.settings(4)
    assert (auto.threads, auto.environment) == ("auto", {"GOMP_SPINCOUNT": openmp.SPIN_COUNT})
    assert [setting.threads for setting in fixed] == ["1", "4", "4", "4", "4", "4"]


def test_every_situation_ends_within_its_time() -> None:
    for situation in threads.SITUATIONS:
        assert 0 <= situation.begin <= situation.end <= situation.seconds


def test_rounds_alternate_and_a_row_has_the_median(monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []

    def measure(recipe: str, setting: threads.Setting, situation: threads.Situation) -> dict[str, Any]:
        order.append(setting.name)
        return {"steps": 100, "seconds": [1.0, 5.0, 2.0][(len(order) - 1) // 7], "news": []}

    monkeypatch.setattr(threads, "measure", measure)
    (row,) = threads.rows("a", threads.SITUATIONS[:1], 3, 2)
    assert order[:7] == order[14:] == order[7:14][::-1]
    assert row == f"| a, quiet | {'20.0 | ' * 7}1.00 holds |"


def test_the_page_has_the_place_for_the_table() -> None:
    page = PAGE.read_text()
    assert "\nnew\n" in marks.insert(page, threads.BEGIN, "new")
