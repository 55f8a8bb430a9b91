"""`ganzoo runs`."""

from __future__ import annotations

import json
from pathlib import Path

from ganzoo.runs import scores, status
from ganzoo.runs.scores import Score
from helpers.commands import TERMINAL, ganzoo, shell
from helpers.support import tiny, train


def test_runs_and_what_became_of_them(tmp_path: Path) -> None:
    finished = train(tiny("", "run.steps=5"), tmp_path)
    other = train(tiny("", "run.steps=5"), tmp_path)
    other.write_status("running", 3, steps=5)
    result = ganzoo("runs", str(tmp_path), "--json")
    assert result.exit_code == 0
    rows = {row["run"]: row for row in json.loads(result.stdout)}
    assert rows[finished.folder.name]["state"] == "finished"
    assert rows[other.folder.name] == {**rows[other.folder.name], "state": "dead", "step": 3, "steps": 5}
    assert rows[other.folder.name]["checkpoint"] == "step-00000005"


def test_a_table_for_people_and_no_torch(tmp_path: Path) -> None:
    run = train(tiny("", "run.steps=2"), tmp_path)
    why = "[red]as errors do[/]" + 10 * ", at length"
    run.write_status("failed", 2, error=why)
    result = shell("runs", str(tmp_path), TZ="UTC", **TERMINAL)
    assert result.returncode == 0, result.stderr
    day, minute = status.report(run.folder).heartbeat[:16].split("T")
    assert f"{run.folder.name}: {why}" in result.stdout.splitlines(), "on a narrow terminal, too"
    assert day in result.stdout and minute in result.stdout
    assert result.stderr.splitlines()[-1] == "imported:"


def test_each_run_is_a_line_in_a_pipe(tmp_path: Path) -> None:
    run = train(tiny("", "run.steps=2"), tmp_path)
    run.write_status("failed", 2, steps=2, error="out of\nmemory")
    name, state, step, checkpoint, _, note, *rest = ganzoo("runs", str(tmp_path)).stdout.removesuffix("\n").split("\t")
    assert (name, state, step, checkpoint) == (run.folder.name, "failed", "2 of 2", "step-00000002")
    assert note.endswith("out of memory")
    assert rest == ["", "", ""]


def test_runs_of_a_recipe_have_their_settings_scores_and_the_best(tmp_path: Path) -> None:
    first = train(tiny("", "run.steps=2"), tmp_path)
    second = train(tiny("", "run.steps=2", "loss.use=hinge", "run.seed=3"), tmp_path)
    for run, value in ((first, 3.0), (second, 2.0)):
        scores.append(run.folder / "scores.jsonl", [Score(2, "frechet_distance@raw", value, 0.5, "lower", {})])
    rows = {row.split("\t")[0]: row.split("\t")[6:] for row in ganzoo("runs", str(tmp_path)).stdout.splitlines()}
    assert rows == {
        first.folder.name: ["frechet_distance@raw 3", "", "loss.use=non_saturating, run.seed=0"],
        second.folder.name: ["frechet_distance@raw 2", "best", "loss.use=hinge, run.seed=3"],
    }
    told = {row["run"]: row for row in json.loads(ganzoo("runs", str(tmp_path), "--json").stdout)}
    best = told[second.folder.name]
    assert best["best"] and not told[first.folder.name]["best"]
    assert best["score"] == {"name": "frechet_distance@raw", "value": 2.0, "step": 2}
    assert best["settings"] == "loss.use=hinge, run.seed=3"
    table = ganzoo("runs", str(tmp_path), terminal=True).stdout
    assert "2 best" in table and f"{second.folder.name}: loss.use=hinge, run.seed=3" in table.splitlines()
    assert "score: the newest frechet_distance@raw (lower is better)" in table.splitlines()


def test_a_folder_without_runs(tmp_path: Path) -> None:
    (tmp_path / "something").mkdir()
    result = ganzoo("runs", str(tmp_path))
    assert result.exit_code == 0
    assert "No runs in" in result.stderr
