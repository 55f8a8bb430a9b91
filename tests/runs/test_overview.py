"""Overview of a folder of runs: different settings, scores and the best."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ganzoo.runs import overview, scores
from ganzoo.runs.scores import Score


def made(folder: Path, name: str = "made", **settings: Any) -> Path:
    folder.mkdir()
    run = {"seed": settings.pop("seed", 0), "steps": 9}
    recipe = {"run": run, "loss": {"use": settings.pop("loss", "ganzoo/hinge")}, **settings}
    (folder / "resolved.json").write_text(json.dumps({"name": name, "recipe": recipe}))
    return folder


def score(folder: Path, name: str, value: float, better: str = "lower", **protocol: Any) -> Path:
    scores.append(folder / "scores.jsonl", [Score(9, name, value, 0.8, better, protocol)])
    return folder


def test_runs_of_a_recipe_are_told_apart_by_settings_and_seeds(tmp_path: Path) -> None:
    folders = [
        made(tmp_path / "a"),
        made(tmp_path / "b", seed=1),
        made(tmp_path / "c", loss="ganzoo/minimax"),
        made(tmp_path / "d", name="another", seed=5),
    ]
    assert [view.settings for view in overview.of(folders)] == [
        "loss.use=hinge, run.seed=0",
        "loss.use=hinge, run.seed=1",
        "loss.use=minimax, run.seed=0",
        "",
    ]


def test_the_best_of_comparable_scores_is_marked(tmp_path: Path) -> None:
    folders = [
        score(made(tmp_path / "a"), "frechet_distance@raw", 3.0),
        score(score(made(tmp_path / "b"), "frechet_distance@raw", 9.0), "frechet_distance@raw", 2.0),
        score(made(tmp_path / "c"), "frechet_distance@raw", 1.0, samples=5),
        score(score(made(tmp_path / "d"), "frechet_distance@raw", 0.5), "recall@raw", 0.0, "higher"),
        made(tmp_path / "e"),
    ]
    views = overview.of(folders)
    assert [view.score.value if view.score else None for view in views] == [3.0, 2.0, 1.0, 0.5, None]
    assert [view.best for view in views] == [False, True, False, False, False]


def test_the_score_is_that_which_the_recipe_names(tmp_path: Path) -> None:
    folder = made(tmp_path / "a", evaluate={"best": "recall"})
    score(score(folder, "frechet_distance@raw", 3.0), "recall@raw", 0.4, "higher")
    (view,) = overview.of([folder])
    assert view.score and view.score.name == "recall@raw" and not view.best


def test_damaged_folders_differ_in_nothing(tmp_path: Path) -> None:
    folders = [made(tmp_path / "a"), made(tmp_path / "b", loss="ganzoo/minimax"), tmp_path / "missing"]
    for name, content in [("c", "[1"), ("d", '{"recipe": 3}'), ("e", '{"recipe": {"run": 5}}')]:
        (tmp_path / name).mkdir()
        (tmp_path / name / "resolved.json").write_text(content)
        folders.append(tmp_path / name)
    views = overview.of(folders)
    assert [view.settings for view in views] == ["loss.use=hinge", "loss.use=minimax", "", "", "", ""]
    assert not any(view.score or view.best for view in views)
