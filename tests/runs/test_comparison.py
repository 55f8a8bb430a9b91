"""Rows, means and spreads of runs that are made up, and what is said of scores that cannot be compared."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from ganzoo.runs import scores
from ganzoo.runs.comparison import compare
from ganzoo.runs.scores import Score
from ganzoo.sampling.run import Run


def made(folder: Path, seed: int, loss: dict[str, Any], *values: float, **protocol: Any) -> Run:
    """A run folder with scores "distance@raw"."""
    folder.mkdir()
    recipe = {"run": {"seed": seed, "steps": 9, "log": seed + 1}, "loss": loss}
    resolved = {"name": "made", "recipe": recipe, "spec": {}, "class_names": []}
    (folder / "resolved.json").write_text(json.dumps(resolved))
    told = {"samples": 100, "versions": {"torch": str(seed)}, **protocol}
    scores.append(folder / "scores.jsonl", [Score(9, "distance@raw", value, 0.5, "lower", told) for value in values])
    return Run(folder)


def test_runs_that_differ_in_their_seed_make_a_row(tmp_path: Path) -> None:
    runs = [made(tmp_path / f"{loss}{seed}", seed, {"use": f"ganzoo/{loss}"}, value) for loss, seed, value in (
        ("hinge", 0, 1.0), ("minimax", 0, 5.0), ("hinge", 1, 2.0), ("minimax", 1, 7.0), ("hinge", 2, 6.0),
    )]  # fmt: skip
    found = compare(runs)
    hinge, minimax = found.rows
    assert (hinge.label, minimax.label) == ("loss.use=hinge", "loss.use=minimax")
    assert (hinge.seeds, minimax.seeds) == ((0, 1, 2), (0, 1))
    assert hinge.cells["distance@raw"].values == (1.0, 2.0, 6.0)
    assert hinge.cells["distance@raw"].mean == 3.0
    assert hinge.cells["distance@raw"].spread == pytest.approx(math.sqrt(7))
    assert minimax.cells["distance@raw"].spread == pytest.approx(math.sqrt(2))
    assert hinge.cells["distance@raw"].floor == 0.5
    assert found.unequal == {}


def test_a_run_whose_file_names_no_seed_has_the_default(tmp_path: Path) -> None:
    run = made(tmp_path / "run", 3, {"use": "ganzoo/hinge"}, 1.0)
    path = run.folder / "resolved.json"
    content = json.loads(path.read_text())
    del content["recipe"]["run"]["seed"]
    path.write_text(json.dumps(content))
    assert compare([run]).rows[0].seeds == (0,)


def test_runs_that_are_described_and_judged_otherwise_make_a_row_too(tmp_path: Path) -> None:
    runs = [made(tmp_path / f"{seed}", seed, {"use": "hinge"}, 1.0) for seed in range(2)]
    resolved = runs[1].resolved
    resolved["recipe"] |= {"about": {"gan": "Another"}, "extractor": {"use": "ganzoo/raw"}, "evaluate": {"samples": 9}}
    (runs[1].folder / "resolved.json").write_text(json.dumps(resolved))
    (row,) = compare(runs).rows
    assert row.seeds == (0, 1)


def test_bold_is_what_the_spread_does_not_tell_from_the_best(tmp_path: Path) -> None:
    values = {"a": (1.0, 2.0), "b": (1.6, 2.8), "c": (3.0, 3.1)}  # means 1.5, 2.2, 3.05; spreads .71, .85, .07
    runs = [
        made(tmp_path / f"{loss}{seed}", seed, {"use": loss}, value)
        for loss, pair in values.items()
        for seed, value in enumerate(pair)
    ]
    assert [row.cells["distance@raw"].best for row in compare(runs).rows] == [True, True, False]


@pytest.mark.parametrize(("recall", "best"), [(0.0, [False, True]), (0.079, [False, True]), (0.081, [True, False])])
def test_a_run_that_has_lost_the_data_is_never_the_best(tmp_path: Path, recall: float, best: list[bool]) -> None:
    """Its recall is less than a tenth of the 0.8 of real samples; that of the other run is unknown."""
    collapsed = made(tmp_path / "collapsed", 0, {"use": "a"}, 1.0)
    scores.append(collapsed.folder / "scores.jsonl", [Score(9, "recall@raw", recall, 0.8, "higher", {})])
    runs = [collapsed, made(tmp_path / "other", 0, {"use": "b"}, 2.0)]
    assert [row.cells["distance@raw"].best for row in compare(runs).rows] == best
    assert [row.cells["distance@raw"].best for row in compare(runs, ["distance"]).rows] == best, "recall not shown"


def test_where_all_have_lost_the_data_none_is_the_best(tmp_path: Path) -> None:
    run = made(tmp_path / "run", 0, {"use": "a"}, 1.0)
    scores.append(run.folder / "scores.jsonl", [Score(9, "recall@raw", 0.0, 0.8, "higher", {})])
    (row,) = compare([run]).rows
    assert [row.cells[name].best for name in ("recall@raw", "distance@raw")] == [False, False]


def test_a_row_is_called_by_what_differs(tmp_path: Path) -> None:
    same = [made(tmp_path / f"same{seed}", seed, {"use": "hinge"}, 1.0) for seed in range(2)]
    assert [row.label for row in compare(same).rows] == ["made"]
    soft = made(tmp_path / "soft", 0, {"use": "hinge", "target": 0.9}, 1.0)
    hard = made(tmp_path / "hard", 0, {"use": "hinge", "target": 1.0}, 1.0)
    assert [row.label for row in compare([soft, hard]).rows] == ["loss.target=0.9", "loss.target=1.0"]
    other = made(tmp_path / "other", 0, {"use": "ganzoo/minimax"}, 1.0)
    assert [row.label for row in compare([hard, other]).rows] == ["loss.use=hinge", "loss.use=minimax"]


def test_rows_of_other_components_are_called_as_on_the_command_line(tmp_path: Path) -> None:
    def run(name: str, recipe: dict[str, Any]) -> Run:
        run = made(tmp_path / name, 0, {"use": "hinge"}, 1.0)
        path = run.folder / "resolved.json"
        resolved = json.loads(path.read_text())
        resolved["recipe"] |= recipe
        path.write_text(json.dumps(resolved))
        return Run(run.folder)

    def r1(weight: float) -> dict[str, Any]:
        return {"use": "ganzoo/r1", "weight": weight}

    runs = [
        run("none", {}),
        run("empty", {"regularizer": [], "schedule": {"use": "ganzoo/cosine"}}),
        run("weak", {"regularizer": [r1(0.1)]}),
        run("strong", {"regularizer": [r1(1.0)]}),
        run("both", {"regularizer": [r1(1.0), {"use": "acme/other", "weight": 3.0}]}),
    ]
    assert [row.label for row in compare(runs).rows] == [
        "regularizer=none, schedule=none",
        "regularizer=none, schedule.use=cosine",
        "regularizer=r1, regularizer.0.weight=0.1, schedule=none",
        "regularizer=r1, regularizer.0.weight=1.0, schedule=none",
        "regularizer=r1+acme/other, schedule=none",
    ]


def test_the_newest_score_counts(tmp_path: Path) -> None:
    (row,) = compare([made(tmp_path / "run", 0, {"use": "hinge"}, 3.0, 1.0, 2.0)]).rows
    assert row.cells["distance@raw"].values == (2.0,)


def test_unequal_protocols_are_named_and_other_versions_are_not(tmp_path: Path) -> None:
    one = made(tmp_path / "one", 0, {"use": "hinge"}, 1.0)
    equal = made(tmp_path / "equal", 1, {"use": "minimax"}, 1.0)
    other = made(tmp_path / "other", 2, {"use": "minimax"}, 1.0, samples=500)
    assert compare([one, equal]).unequal == {}
    assert compare([one, equal, other]).unequal == {"distance@raw": ("samples (100, 500)",)}


def test_names_choose_scores_with_and_without_their_extractor(tmp_path: Path) -> None:
    run = made(tmp_path / "run", 0, {"use": "hinge"}, 1.0)
    assert compare([run], ["distance"]).names == compare([run], ["distance@raw"]).names == ("distance@raw",)
    assert compare([run], ["other"]).names == ()
