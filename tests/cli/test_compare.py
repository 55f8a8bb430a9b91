"""ganzoo compare: runs as they are, and a recipe with several losses and seeds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from helpers.commands import ganzoo
from helpers.support import toml

JUDGED = '\n[evaluate]\nsamples = 40\n[[metric]]\nuse = "frechet_distance"\n[extractor]\nuse = "raw"\n'


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recipe") / "small.toml"
    path.write_text(toml() + JUDGED)
    return path


@pytest.fixture(scope="module")
def out(recipe: Path) -> Path:
    """Four runs: two losses, two seeds each."""
    out = recipe.parent / "runs"
    asked = ["--over", "loss.use=hinge,minimax", "--seeds", "2", "--out", str(out)]
    shown = ganzoo("compare", str(recipe), *asked)
    assert shown.exit_code == 0, shown.output
    return out


def test_one_command_trains_judges_and_prints_a_table(recipe: Path, out: Path) -> None:
    folders = sorted(path.name for path in out.iterdir())
    assert len(folders) == 4
    shown = ganzoo("compare", str(recipe), "--over", "loss.use=hinge,minimax", "--seeds", "2", "--out", str(out))
    assert sorted(path.name for path in out.iterdir()) == folders  # nothing is trained twice
    head, rule, *rows = shown.stdout.splitlines()
    assert [cell.strip() for cell in head.strip("|").split("|")] == ["setting", "seeds", "frechet_distance@raw ↓"]
    assert set(rule) <= set("|-: ")
    assert [row.split("|")[1].strip() for row in rows[:3]] == ["loss.use=hinge", "loss.use=minimax", "real samples"]
    assert all("±" in row for row in rows[:2]) and len({len(line) for line in [head, rule, *rows[:3]]}) == 1


def test_runs_are_compared_as_they_are(out: Path) -> None:
    shown = ganzoo("compare", *map(str, sorted(out.iterdir())), "--json")
    rows = json.loads(shown.stdout)["rows"]
    assert sorted(row["label"] for row in rows) == ["loss.use=hinge", "loss.use=minimax"]
    assert all(len(row["cells"]["frechet_distance@raw"]["values"]) == 2 for row in rows)


def test_a_folder_of_runs_means_all_runs_in_it(out: Path, recipe: Path) -> None:
    waiting = out / "waiting"
    waiting.mkdir()
    (waiting / "resolved.json").write_text("{}")
    shown = ganzoo("compare", str(out))
    assert shown.stdout == ganzoo("compare", *map(str, sorted({*out.iterdir()} - {waiting}))).stdout
    assert f"{waiting} is left out: it has no checkpoint\n" in shown.stderr
    (waiting / "resolved.json").unlink()
    waiting.rmdir()


def test_one_command_writes_a_figure_a_table_and_the_scores(out: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    files = {"--plot": tmp_path / "a.svg", "--latex": tmp_path / "a.tex", "--csv": tmp_path / "a.csv"}
    words = [str(part) for pair in files.items() for part in pair]
    shown = ganzoo("compare", str(out), *words, "--against", "minutes")
    assert shown.exit_code == 0, shown.output
    assert shown.stderr.splitlines()[-3:] == [
        f"plot: {files['--plot']}",
        f"scores: {files['--csv']}",
        f"table: {files['--latex']}",
    ]
    assert all(
        f">{label}<" in files["--plot"].read_text() for label in ("loss.use=hinge", "loss.use=minimax", "minutes")
    )
    labels = [line.split(",")[0] for line in files["--csv"].read_text().splitlines()[1:]]
    assert sorted(labels) == ["loss.use=hinge"] * 2 + ["loss.use=minimax"] * 2
    assert r"loss & seeds & frechet\_distance $\downarrow$ \\" in files["--latex"].read_text()
    before = {path: path.read_bytes() for path in files.values()}
    refused = ganzoo("compare", str(out), *words)
    assert refused.exit_code == 2 and "a.svg exists already" in refused.stderr and not refused.stdout
    assert {path: path.read_bytes() for path in files.values()} == before
    assert ganzoo("compare", str(out), *words, "--force").exit_code == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--plot", "a.jpg"), "a.jpg: end it in .svg, .pdf or .png."),
        (("--csv", "a.txt"), "a.txt: end it in .csv."),
        (("--latex", "a.txt"), "a.txt: end it in .tex."),
    ],
)
def test_a_file_of_another_kind_is_refused_before_anything_is_trained(
    words: tuple[str, ...], message: str, recipe: Path, tmp_path: Path
) -> None:
    refused = ganzoo("compare", str(recipe), "--out", str(tmp_path / "runs"), *words)
    assert refused.exit_code == 2 and message in refused.stderr
    assert not (tmp_path / "runs").exists()


def test_a_tracker_that_is_missing_is_told_once_before_anything_is_trained(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ganzoo.training.trackers.get_available_trackers", list)
    shown = ganzoo(
        "compare",
        str(recipe),
        "run.trackers=['tensorboard']",
        "--over",
        "loss.use=hinge,minimax",
        "--out",
        str(tmp_path / "runs"),
    )
    assert shown.exit_code == 6
    assert shown.stderr.count("run.trackers names 'tensorboard', which is not installed: pip install tensorboard") == 1
    assert not (tmp_path / "runs").exists()


def test_a_metric_is_asked_for_by_its_name_whatever_its_results_are_called(out: Path) -> None:
    run = sorted(out.iterdir())[0]
    kept = (run / "scores.jsonl").read_bytes()
    shown = ganzoo("compare", str(run), "--metric", "ganzoo/precision_recall", "-n", "40")
    assert "| recall@raw ↑ | precision@raw ↑ | f_score@raw ↑ |" in shown.stdout
    (run / "scores.jsonl").write_bytes(kept)


def test_other_numbers_of_samples_are_told(out: Path) -> None:
    first, *others = sorted(out.iterdir())
    kept = (first / "scores.jsonl").read_bytes()
    assert ganzoo("evaluate", str(first), "-n", "20").exit_code == 0
    shown = ganzoo("compare", *map(str, [first, *others]))
    assert "NOT COMPARABLE frechet_distance@raw: its runs differ in samples (20, 40)." in shown.stdout
    (first / "scores.jsonl").write_bytes(kept)


def test_a_setting_that_cannot_be_trained_costs_its_own_row(recipe: Path, tmp_path: Path) -> None:
    asked = ["--over", "dataset.n=200,3", "--out", str(tmp_path), "run.steps=2"]
    shown = ganzoo("compare", str(recipe), *asked)
    assert shown.exit_code == 0 and "dataset.n=3 seed 0: " in shown.stderr
    assert "real samples" in shown.stdout


@pytest.mark.parametrize("over", ["loss.use", "loss.use="])
def test_what_is_no_choice_is_refused(recipe: Path, over: str, tmp_path: Path) -> None:
    shown = ganzoo("compare", str(recipe), "--over", over, "--out", str(tmp_path))
    assert shown.exit_code == 2 and "write table.setting=value,value" in shown.stderr


def test_regularizers_are_swept_by_their_names(recipe: Path, tmp_path: Path) -> None:
    asked = ["--over", "regularizer=none,r1", "--out", str(tmp_path), "run.steps=1", "regularizer+=r2"]
    shown = ganzoo("compare", str(recipe), *asked)
    assert "1 of 2: regularizer=none seed 0" in shown.stderr
    _, _, *rows = shown.stdout.splitlines()
    assert [row.split("|")[1].strip() for row in rows[:2]] == ["regularizer=none", "regularizer=r1"]
    again = ganzoo("compare", str(recipe), *asked)
    assert again.stdout == shown.stdout and len([*tmp_path.iterdir()]) == 2  # nothing is trained twice


def test_lists_are_values_too(recipe: Path, tmp_path: Path) -> None:
    asked = ["--over", "generator.hidden=[[4], [5]]", "--out", str(tmp_path), "run.steps=1"]
    shown = ganzoo("compare", str(recipe), *asked)
    assert "generator.hidden=[4]" in shown.stdout and "generator.hidden=[5]" in shown.stdout
