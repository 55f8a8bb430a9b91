"""Following a run by its folder alone."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from ganzoo.cli import cli
from ganzoo.runs import status
from ganzoo.sampling.run import Run
from ganzoo.terminal import watch
from ganzoo.terminal.watch import Follower
from helpers.commands import shell
from helpers.support import tiny, train


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train(tiny(), tmp_path_factory.mktemp("runs"))


@pytest.fixture
def run(trained: Run, tmp_path: Path) -> Run:
    """A copy of a run that has ended, for a test to go on writing."""
    folder = tmp_path / "runs" / trained.folder.name
    shutil.copytree(trained.folder, folder)
    return Run(folder)


def watched(*arguments: object) -> list[str]:
    result = CliRunner().invoke(cli, ["watch", *map(str, arguments)])
    assert result.exit_code == 0, result.output
    return result.stdout.splitlines()


@pytest.mark.parametrize("more", [[], ["--once"]])
def test_a_finished_run_is_shown_once(more: list[str], run: Run) -> None:
    folder, *meanings, numbers, end = watched(run.folder.parent, *more)
    assert [meaning.partition(":")[0] for meaning in meanings] == ["told_apart", "d_accuracy"]
    assert folder == str(run.folder)
    assert numbers.startswith("step 12/12  discriminator ") and "told_apart" in numbers
    assert "gradient" not in numbers
    assert end == "finished, step 12 of 12"


def test_a_dead_run_is_called_so(run: Run) -> None:
    run.write_status("running", 8, steps=12)
    (*_, end) = watched(run.folder)
    assert end.startswith("dead, step 8 of 12: process ") and f"ganzoo resume {run.folder}" in end


def test_a_run_is_followed_to_its_end(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ganzoo.terminal.progress.PLAIN_EVERY", -1.0)
    monkeypatch.setattr("ganzoo.utils.lock.is_held", lambda folder: True)
    rows = [*run.metrics()]
    run.metrics_log.forget_after(4)
    run.write_status("running", 4, steps=12)
    left = iter(row for row in rows if row["step"] > 4)

    def train_on(seconds: float) -> None:
        """A row each time that the watching rests, and then the end."""
        if row := next(left, None):
            run.metrics_log.append(row["step"], {name: value for name, value in row.items() if name != "step"})
        else:
            run.write_status("finished", 12, steps=12)

    monkeypatch.setattr(watch, "time", SimpleNamespace(sleep=train_on))
    lines = watched(run.folder)
    steps = [line.split()[1] for line in lines if line.startswith("step")]
    assert list(dict.fromkeys(steps)) == [f"{row['step']}/12" for row in rows if row["step"] >= 4]
    assert len(rows) > 3 and rows[-1]["step"] == 12
    assert lines[-1] == "finished, step 12 of 12"


def test_rows_and_grids_are_new_once(run: Run) -> None:
    follower = Follower(run.folder)
    rows, anew = follower.new_rows()
    assert ([row["step"] for row in rows], anew) == ([4, 6, 8, 12], False)
    assert follower.new_rows() == ([], False)
    assert follower.new_grid() == run.samples / "step-00000012.png"
    assert follower.new_grid() is None
    run.metrics_log.append(16, {"real": 1.0})
    assert [row["step"] for row in follower.new_rows()[0]] == [16]
    run.metrics_log.forget_after(6)  # as a run does that goes back
    run.metrics_log.append(8, {"real": 2.0})
    rows, anew = follower.new_rows()
    assert ([row["step"] for row in rows], anew) == ([4, 6, 8], True)


def test_what_goes_wrong_is_said(run: Run) -> None:
    for t in range(13, 60):
        run.metrics_log.append(t, {"told_apart": 0.0, "gradient/discriminator": 1.0})
    lines = watched(run.folder, "--once")
    assert [line for line in lines if line.startswith("dead discriminator since step 13: ")]


def test_ctrl_c_ends_the_watching_alone(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(watch, "follow", interrupted)
    assert watched(run.folder) == []


def test_no_run_is_a_message(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["watch", str(tmp_path)])
    assert result.exit_code == 5
    assert "not a run folder" in result.stderr


def test_a_folder_with_less_in_it_than_a_run_has(run: Run) -> None:
    for name in ("metrics.jsonl", "status.json"):
        (run.folder / name).unlink()
    shutil.rmtree(run.samples)
    folder, end = watched(run.folder)
    assert end.startswith("unreadable, step 0")
    assert status.find(run.folder) == Path(folder)


def test_watching_imports_no_torch(run: Run) -> None:
    done = shell("watch", str(run.folder))
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-1] == "imported:"


def test_the_time_left_is_what_the_run_expects(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ganzoo.utils.lock.is_held", lambda folder: True)
    run.write_status("running", 8, steps=12, ends=status.time_in(2400))
    assert 2390 < (status.report(run.folder).seconds_left or 0) <= 2400
    run.write_status("running", 8, steps=12, ends=status.time_in(-1))
    assert status.report(run.folder).seconds_left is None
    run.write_status("running", 8, steps=12, ends="soon")
    assert status.report(run.folder).seconds_left is None
    run.write_status("finished", 12, steps=12, ends=status.time_in(2400))
    assert status.report(run.folder).seconds_left is None
    assert status.time_in(1e300) == ""


def uncoloured(lines: list[str]) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", "\n".join(lines))


def test_history_that_is_read_at_once_is_no_speed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"TTY_COMPATIBLE": "1", "TERM": "xterm"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("ganzoo.utils.lock.is_held", lambda folder: True)
    run.write_status("running", 8, steps=100)
    assert "12/100 -:--:--" in uncoloured(watched(run.folder, "--once"))
    run.write_status("running", 8, steps=100, ends=status.time_in(3600.9))
    assert re.search(r"12/100 (1:00:0|0:59:[0-5])\d", uncoloured(watched(run.folder, "--once")))
