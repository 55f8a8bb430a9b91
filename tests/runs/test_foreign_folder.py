"""Run folders from somebody else: no link is followed, nothing is waited for, and every command answers in words."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ganzoo.runs import layout, scores
from ganzoo.runs.scores import Score
from ganzoo.sampling.run import Run
from helpers.commands import ganzoo
from helpers.support import tiny, train

SECRET = "of my own machine"
FILES = ("status.json", "metrics.jsonl", "scores.jsonl", "provenance.json", "resolved.json", "recipe.toml")
COMMANDS = (("runs",), ("resume",), ("report",), ("watch", "--once"), ("export",))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train(tiny("", "run.steps=4", "run.save=2"), tmp_path_factory.mktemp("runs"))


@pytest.fixture
def run(trained: Run, tmp_path: Path) -> Run:
    return Run(Path(shutil.copytree(trained.folder, tmp_path / "runs" / "tiny")))


def to_secret(path: Path) -> None:
    secret = path.parents[2] / "secret"
    secret.write_text(f"# {SECRET}\n")
    path.symlink_to(secret)


def nested(path: Path) -> None:
    path.write_bytes(b"[" * 100_000 + b"\n")


@pytest.mark.parametrize("make", [to_secret, os.mkfifo, nested])
@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_none_is_answered_in_words(
    name: str, make: Callable[[Path], None], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(run.folder.parent)
    path = run.folder / name
    path.unlink(missing_ok=True)
    make(path)
    for command, *options in COMMANDS:
        result = ganzoo(command, "." if command == "runs" else "tiny", *options)
        assert result.exit_code in (0, 5, 6), (command, result.output)
        assert "Traceback" not in result.output and SECRET not in result.output
        if result.exit_code:
            assert "Error: " in result.stderr and name in result.stderr, (command, result.stderr)
    written = [other for other in run.folder.rglob("*") if other.is_file() and not other.is_symlink()]
    assert not [other for other in written if SECRET.encode() in other.read_bytes()]


@pytest.mark.parametrize("name", ["real.txt", "step-00000009.txt", "step-00000008.png", "real.png"])
def test_a_link_among_the_samples_is_not_in_the_report(name: str, run: Run, tmp_path: Path) -> None:
    for picture in run.samples.iterdir():
        picture.unlink()
    to_secret(run.samples / name)
    result = ganzoo("report", str(run.folder), "--out", str(tmp_path / "report.html"))
    assert result.exit_code == 0, result.output
    assert SECRET not in (tmp_path / "report.html").read_text()


@pytest.mark.parametrize(
    ("command", "options", "exit_code"),
    [("watch", ["--once"], 0), ("report", ["--out", "a.html"], 0), ("timelapse", ["--out", "a.gif"], 5)],
)
def test_a_pipe_among_the_samples_is_not_waited_for(
    command: str, options: list[str], exit_code: int, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    newest = max(run.samples.glob("step-*"))
    newest.unlink()
    os.mkfifo(newest)
    result = ganzoo(command, str(run.folder), *options)
    assert result.exit_code == exit_code, result.output
    assert exit_code == 0 or ("cannot be read" in result.stderr and "It is a pipe" in result.stderr)


@pytest.mark.parametrize("name", layout.FOLDERS)
def test_a_folder_that_is_a_link_is_refused_and_what_it_leads_to_stays(
    name: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(run.folder / name, elsewhere) if (run.folder / name).exists() else elsewhere.mkdir()
    (elsewhere / "step-00000009.txt").write_text(SECRET)
    (elsewhere / ".partial-mine").write_text("kept")
    before = contents(elsewhere)
    shutil.rmtree(run.folder / name, ignore_errors=True)
    (run.folder / name).symlink_to(elsewhere)
    monkeypatch.chdir(run.folder.parent)
    for command, *options in (*COMMANDS[1:], ("resume", "run.steps=6"), ("sample",), ("timelapse",), ("evaluate",)):
        result = ganzoo(command, "tiny", *options)
        assert result.exit_code == 5, (command, result.output)
        assert f"tiny/{name}: It is a link, not a folder, and is not followed." in result.stderr.replace("\n", " ")
    assert ganzoo("runs", ".").exit_code == 0
    assert contents(elsewhere) == before
    assert not [*run.folder.parent.rglob("*.html")]


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_checkpoint_that_is_a_link_is_damaged(run: Run, tmp_path: Path) -> None:
    older, newest = run.checkpoints / "step-00000002", run.checkpoints / "step-00000004"
    newest.rename(tmp_path / "elsewhere")
    newest.symlink_to(tmp_path / "elsewhere")
    for place in (run.folder, newest):
        result = ganzoo("sample", str(place), "-n", "1")
        assert result.exit_code == 5 and "damaged, it is a link, which is not followed" in result.stderr, result.output
    assert f"name {older}" in ganzoo("sample", str(run.folder)).stderr.replace("\n", "")


@pytest.mark.parametrize(
    "name", [".partial-status.json", ".partial-resolved.json", "samples/.partial-step-00000006.png"]
)
def test_what_lies_at_a_temporary_name_is_not_written_to(name: str, run: Run) -> None:
    to_link = run.folder / name
    secret = run.folder.parents[1] / "secret"
    secret.write_text(SECRET)
    to_link.symlink_to(secret)
    result = ganzoo("resume", str(run.folder), "run.steps=6", "run.sample=2")
    assert result.exit_code == 0, result.output
    assert secret.read_text() == SECRET and not to_link.is_symlink()


@pytest.mark.parametrize(("make", "what"), [(to_secret, "a link"), (os.mkfifo, "a pipe"), (Path.mkdir, "a folder")])
def test_a_lock_that_is_no_file_is_left_alone(make: Callable[[Path], None], what: str, run: Run) -> None:
    (run.folder / ".lock").unlink(missing_ok=True)
    make(run.folder / ".lock")
    result = ganzoo("resume", str(run.folder), "run.steps=6")
    assert result.exit_code == 5, result.output
    assert f".lock: It is {what}" in result.stderr.replace("\n", " ")
    assert ganzoo("runs", str(run.folder.parent)).exit_code == 0
    if make is to_secret:
        assert (run.folder.parents[1] / "secret").read_text() == f"# {SECRET}\n"


@pytest.mark.parametrize("content", [b'{"argv": ["\xff"]}', b"[", b"7"])
def test_provenance_that_cannot_be_read_is_kept_when_the_run_goes_on(content: bytes, run: Run) -> None:
    (run.folder / "provenance.json").write_bytes(content)
    result = ganzoo("resume", str(run.folder), "run.steps=6")
    assert result.exit_code == 0, result.output
    assert "It is kept as damaged-provenance.json" in result.stderr.replace("\n", " ")
    assert (run.folder / "damaged-provenance.json").read_bytes() == content
    assert run.provenance["versions"]


def test_a_history_of_odd_type_is_begun_again(run: Run) -> None:
    path = run.folder / "provenance.json"
    path.write_text(json.dumps({**run.provenance, "resumed": 7}))
    assert ganzoo("resume", str(run.folder), "run.steps=6").exit_code == 0
    assert [note["step"] for note in run.provenance["resumed"]] == [4]


def test_scores_that_cannot_be_written_are_told(run: Run) -> None:
    to_secret(run.folder / "scores.jsonl")
    result = ganzoo("evaluate", str(run.folder), "-n", "20", "--metric", "modes")
    assert result.exit_code == 5, result.output
    message = result.stderr.replace("\n", " ")
    assert "scores.jsonl cannot be written: It is a link" in message and "are not in it: modes " in message


def test_numbers_are_not_written_to_where_a_link_points(run: Run) -> None:
    for name in ("metrics.jsonl", "scores.jsonl"):
        (run.folder / name).unlink(missing_ok=True)
        to_secret(run.folder / name)
    with pytest.raises(OSError, match="It is a link"):
        run.metrics_log.append(6, {"loss": 1.0})
    with pytest.raises(OSError, match="It is a link"):
        scores.append(run.folder / "scores.jsonl", [Score(6, "recall", 0.5, None, "higher", {})])
    assert (run.folder.parents[1] / "secret").read_text() == f"# {SECRET}\n"


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('"ema": 0.0', '"ema": "much"', "ema: should be a valid number"),
        ('"seed": 0', '"seed": []', "seed: should be a valid integer"),
        ('"run": {', '"extra": [1], "run": {', "not one of tables"),
        ('"run": {', '"extra": {"use": 7}, "run": {', "not a name"),
    ],
)
def test_a_recorded_recipe_of_odd_types_is_refused(old: str, new: str, named: str, run: Run) -> None:
    path = run.folder / "resolved.json"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    for command in ("resume", "report", "sample", "export"):
        result = ganzoo(command, str(run.folder))
        assert result.exit_code == 5, (command, result.output)
        assert named in result.stderr and "resolved.json" in result.stderr
