"""Scores against steps and minutes, as curves, as CSV and as a LaTeX table."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from ganzoo.errors import RunError
from ganzoo.runs import latex_table, scores, scores_csv
from ganzoo.runs.comparison import Cell, Comparison, Row, compare, grouped
from ganzoo.runs.score_curves import Clock, Point, curves, evaluations
from ganzoo.runs.scores import Score
from ganzoo.sampling.run import Run

DISTANCE = "distance@raw"


def made(folder: Path, seed: int, loss: str, values: dict[int, float], speed: float = 60.0, **protocol: Any) -> Run:
    """Make a run with a score at some steps, whose rows take `speed` seconds for 10 steps."""
    folder.mkdir()
    recipe = {"run": {"seed": seed, "steps": 40}, "loss": {"use": f"ganzoo/{loss}"}}
    resolved = {"name": "made", "recipe": recipe, "spec": {}, "class_names": []}
    (folder / "resolved.json").write_text(json.dumps(resolved))
    rows = [{"step": step, "seconds": speed * step / 10} for step in (10, 20, 30, 40)]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    told = {"samples": 100, **protocol}
    path = folder / "scores.jsonl"
    scores.append(path, [Score(step, DISTANCE, value, 0.5, "lower", told) for step, value in values.items()])
    return Run(folder)


@pytest.fixture
def runs(tmp_path: Path) -> list[Run]:
    return [
        made(tmp_path / "a0", 0, "hinge", {10: 4.0, 20: 2.0}),
        made(tmp_path / "b0", 0, "minimax", {10: 9.0}),
        made(tmp_path / "a1", 1, "hinge", {10: 8.0, 20: 5.0, 30: 1.0}, speed=120.0),
    ]


def test_a_setting_is_the_mean_of_its_seeds_where_all_were_evaluated(runs: list[Run]) -> None:
    hinge, minimax = curves(grouped(runs), DISTANCE, "steps")
    assert (hinge.label, minimax.label) == ("loss.use=hinge", "loss.use=minimax")
    assert hinge.points == (Point(10, 6.0, math.sqrt(8)), Point(20, 3.5, math.sqrt(4.5)))
    assert hinge.runs == (((10, 4.0), (20, 2.0)), ((10, 8.0), (20, 5.0), (30, 1.0)))
    assert minimax.points == (Point(10, 9.0, 0.0),)
    assert (hinge.floor, hinge.better) == (0.5, "lower")


def test_minutes_are_those_of_each_run(runs: list[Run]) -> None:
    hinge, _ = curves(grouped(runs), DISTANCE, "minutes")
    assert hinge.runs == (((1.0, 4.0), (2.0, 2.0)), ((2.0, 8.0), (4.0, 5.0), (6.0, 1.0)))
    assert [point.x for point in hinge.points] == [1.5, 3.0]


@pytest.mark.parametrize(("step", "minutes"), [(0, 0.0), (5, 0.5), (10, 1.0), (25, 2.5), (99, 4.0)])
def test_between_two_logged_steps_time_goes_evenly(step: int, minutes: float, runs: list[Run]) -> None:
    assert Clock(runs[0]).minutes(step) == pytest.approx(minutes)


def test_a_run_without_times_is_named(runs: list[Run]) -> None:
    (runs[1].folder / "metrics.jsonl").write_text('{"step": 10}\n')
    with pytest.raises(RunError, match=r"b0: an earlier version .*--against steps"):
        curves(grouped(runs), DISTANCE, "minutes")
    assert len(curves(grouped(runs), DISTANCE, "steps")) == 2


def test_scores_of_another_protocol_are_no_part_of_a_curve(runs: list[Run]) -> None:
    path = runs[2].folder / "scores.jsonl"
    scores.append(path, [Score(30, DISTANCE, 7.0, 0.5, "lower", {"samples": 5})])
    assert {step: score.value for step, score in evaluations(runs[2], DISTANCE).items()} == {10: 8.0, 20: 5.0, 30: 1.0}
    scores.append(path, [Score(30, DISTANCE, 1.5, 0.5, "lower", {"samples": 100})])
    assert evaluations(runs[2], DISTANCE)[30].value == 1.5, "the newest of two"


def test_every_evaluation_is_a_line_of_csv(runs: list[Run]) -> None:
    (runs[1].folder / "metrics.jsonl").unlink()
    assert scores_csv.rows(grouped(runs), [DISTANCE]).splitlines() == [
        "setting,run,seed,score,step,minutes,value,floor,better,newest",
        "loss.use=hinge,a0,0,distance@raw,10,1.000,4.0,0.5,lower,0",
        "loss.use=hinge,a0,0,distance@raw,20,2.000,2.0,0.5,lower,1",
        "loss.use=hinge,a1,1,distance@raw,10,2.000,8.0,0.5,lower,0",
        "loss.use=hinge,a1,1,distance@raw,20,4.000,5.0,0.5,lower,0",
        "loss.use=hinge,a1,1,distance@raw,30,6.000,1.0,0.5,lower,1",
        "loss.use=minimax,b0,0,distance@raw,10,,9.0,0.5,lower,1",
    ]


@pytest.mark.parametrize(
    ("mean", "spread", "text"),
    [
        (12.345, 0.678, r"$12.35 \pm 0.68$"),
        (12.345, 67.8, r"$12 \pm 68$"),
        (0.12345, None, "$0.1235$"),
        (1234.5, None, "$1234$"),
        (0.0, None, "$0.000$"),
        (0.0, 0.0, r"$0.000 \pm 0.000$"),
        (-3.0, 0.25, r"$-3.00 \pm 0.25$"),
        (250_000.0, 12_000.0, r"$(2.50 \pm 0.12) \times 10^{5}$"),
        (0.00025, None, r"$2.500 \times 10^{-4}$"),
    ],
)
def test_a_number_has_two_digits_of_its_spread(mean: float, spread: float | None, text: str) -> None:
    assert latex_table.number(mean, spread) == text


def test_latex_has_a_column_for_each_setting_and_the_best_in_bold() -> None:
    def row(label: str, mean: float, spread: float, best: bool) -> Row:
        values = (mean - spread, mean + spread)
        return Row(label, ("x", "y"), (0, 1), {"frechet_distance@raw": Cell(values, mean, spread, 0.8, "lower", best)})

    rows = (
        row("loss.use=non_saturating, generator.hidden=[64, 64]", 12.0, 1.5, True),
        row("loss.use=50%_&#{}~^, generator.hidden=[8]", 30.0, 2.0, False),
    )
    text = latex_table.latex(Comparison(rows, ("frechet_distance@raw",), {"frechet_distance@raw": ("samples (5, 9)",)}))
    assert [line for line in text.splitlines() if not line.startswith("% ")] == [
        r"\begin{tabular}{llrr}",
        r"\toprule",
        r"loss & generator.hidden & seeds & frechet\_distance $\downarrow$ \\",
        r"\midrule",
        r"non\_saturating & [64, 64] & 2 & $\mathbf{12.0 \pm 1.5}$ \\",
        r"50\%\_\&\#\{\}\textasciitilde{}\textasciicircum{} & [8] & 2 & $30.0 \pm 2.0$ \\",
        r"\midrule",
        r"real samples &  &  & $0.8000$ \\",
        r"\bottomrule",
        r"\end{tabular}",
    ]
    assert "% NOT COMPARABLE frechet_distance@raw: its runs differ in samples (5, 9)." in text


def test_rows_of_other_settings_share_one_column(runs: list[Run]) -> None:
    table = compare(runs)
    assert r"loss.use=hinge" not in latex_table.latex(table)  # a column `loss` instead
    named = Comparison((table.rows[0], Row("made", ("z",), (0,), {})), table.names, {})
    assert "setting & seeds &" in latex_table.latex(named) and "loss.use=hinge & 2 &" in latex_table.latex(named)
