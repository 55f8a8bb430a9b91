"""The state of a run, read from its folder."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ganzoo.runs import status
from ganzoo.utils import atomic, lock


def folder(tmp_path: Path, state: str, **changes: object) -> Path:
    run = tmp_path / "some-run"
    run.mkdir()
    status.write(run, state, 40, steps=100)
    content = json.loads((run / "status.json").read_text())
    atomic.write_json(run / "status.json", {**content, **changes})
    return run


@pytest.mark.parametrize("state", ["finished", "interrupted", "diverged", "failed"])
def test_an_ended_run_is_what_it_says(state: str, tmp_path: Path) -> None:
    report = status.report(folder(tmp_path, state, error="why"))
    assert (report.state, report.step, report.steps, report.note) == (state, 40, 100, "why")


@pytest.mark.parametrize(
    ("state", "changes"),
    [("failed", {"error": "\x1b[2Jgone"}), ("running", {"host": "\x1b[2J", "heartbeat": "2026-01-01T00:00:00+00:00"})],
)
def test_what_it_says_does_nothing_to_a_terminal(state: str, changes: dict[str, str], tmp_path: Path) -> None:
    note = status.report(folder(tmp_path, state, **changes)).note
    assert note and note.isprintable()


def test_a_run_is_running_as_long_as_its_process_holds_the_folder(tmp_path: Path) -> None:
    run = folder(tmp_path, "running")
    with lock.held(run, ""):
        assert status.report(run).state == "running"
    report = status.report(run)
    assert report.state == "dead"
    assert report.note.endswith("no longer exists; start again by the same command: nothing was saved")
    (run / "checkpoints" / "step-00000001").mkdir(parents=True)
    (run / "checkpoints" / "step-00000001" / "manifest.json").touch()
    assert status.report(run).note.endswith(f"no longer exists; resume it with: ganzoo resume {run}")


def test_the_command_that_resumes_a_run_is_one_for_a_shell() -> None:
    assert status.resume_command(Path("my runs/it's")) == """ganzoo resume 'my runs/it'"'"'s'"""


@pytest.mark.parametrize(("minutes", "state"), [(1, "running"), (20, "dead")])
def test_elsewhere_the_heartbeat_tells(minutes: int, state: str, tmp_path: Path) -> None:
    beat = (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat(timespec="seconds")
    report = status.report(folder(tmp_path, "running", host="elsewhere", heartbeat=beat))
    assert report.state == state
    assert ("no heartbeat from elsewhere for 20 minutes" in report.note) == (state == "dead")


@pytest.mark.parametrize("junk", [b"", b"{", b"[]", b'{"state": 1, "step": "x"}', b"\xff"])
def test_a_damaged_status_is_no_traceback(junk: bytes, tmp_path: Path) -> None:
    run = folder(tmp_path, "running")
    (run / "status.json").write_bytes(junk)
    assert status.reports(tmp_path)[0].step == 0


def test_a_newest_checkpoint_without_its_manifest_is_told(tmp_path: Path) -> None:
    run = folder(tmp_path, "finished", error="why")
    for name in ("step-00000020", "step-00000040"):
        (run / "checkpoints" / name).mkdir(parents=True)
        (run / "checkpoints" / name / "manifest.json").touch()
    assert (status.report(run).checkpoint, status.report(run).note) == ("step-00000040", "why")
    (run / "checkpoints/step-00000040/manifest.json").unlink()
    report = status.report(run)
    assert (report.checkpoint, report.note) == (
        "step-00000020",
        "why; step-00000040 is damaged: its manifest.json is missing",
    )


def test_the_newest_checkpoint_is_named(tmp_path: Path) -> None:
    run = folder(tmp_path, "interrupted")
    for step in (5, 10):
        (run / "checkpoints" / f"step-{step:08d}").mkdir(parents=True)
    (run / "checkpoints" / "step-00000005" / "manifest.json").write_text("{}")
    assert status.report(run).checkpoint == "step-00000005"  # the other one is not complete
