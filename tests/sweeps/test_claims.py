"""Claims: one process has a trial, and another takes it when that process is gone."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ganzoo.sweeps.claims import Claims, NoClaims
from ganzoo.utils import lock


@pytest.fixture(params=["locks", "no locks"])
def claims(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Claims:
    """Claims on a file system with locks, and on one without."""
    if request.param == "no locks":
        _without_locks(monkeypatch)
    return Claims(tmp_path)


def _without_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def held(folder: Path, owner: str) -> Iterator[bool]:
        yield False

    monkeypatch.setattr(lock, "held", held)
    monkeypatch.setattr(lock, "is_held", lambda folder: None)


def test_a_trial_is_claimed_once_until_it_is_released(claims: Claims) -> None:
    with claims.take("a") as first, claims.take("a") as second, claims.take("b") as other:
        assert (first, second, other) == (True, False, True)
    with claims.take("a") as again:
        assert again


def test_without_locks_the_claim_of_a_dead_process_is_followed_by_the_next_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _without_locks(monkeypatch)
    claims, folder = Claims(tmp_path), tmp_path / ".sweep/a"
    folder.mkdir(parents=True)
    dead = {"host": socket.gethostname(), "pid": 2**22 + 1, "born": 1.0}  # above the largest process number of Linux
    (folder / "claim-000001.json").write_text(json.dumps(dead))
    with claims.take("a") as taken:
        assert taken and json.loads((folder / "claim-000002.json").read_text())["pid"] == os.getpid()
    assert json.loads((folder / "claim-000002.json").read_text())["released"]
    assert sorted(path.name for path in folder.iterdir()) == ["claim-000001.json", "claim-000002.json"]


def test_a_process_number_that_is_used_again_is_another_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _without_locks(monkeypatch)
    claims, folder = Claims(tmp_path), tmp_path / ".sweep/a"
    folder.mkdir(parents=True)
    before = {"host": socket.gethostname(), "pid": os.getpid(), "born": time.time() - 1e6}
    (folder / "claim-000001.json").write_text(json.dumps(before))
    with claims.take("a") as taken:
        assert taken


@pytest.mark.parametrize(("silence", "taken"), [(10, False), (301, True)])
def test_a_process_on_another_machine_is_dead_after_five_silent_minutes(
    silence: float, taken: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _without_locks(monkeypatch)
    claims, path = Claims(tmp_path), tmp_path / ".sweep/a/claim-000001.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"host": "elsewhere", "pid": 1, "born": 1.0}))
    os.utime(path, (time.time() - silence,) * 2)
    with claims.take("a") as mine:
        assert mine == taken


def test_two_processes_that_find_one_dead_claim_do_not_both_take_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _without_locks(monkeypatch)
    claims, folder = Claims(tmp_path), tmp_path / ".sweep/a"
    folder.mkdir(parents=True)
    alive = {"host": socket.gethostname(), "pid": os.getpid(), "born": 0.0}

    def dead(path: Path) -> bool:  # while this process looks at the dead claim, another one makes the next
        (folder / "claim-000002.json").write_text(json.dumps(alive))
        return False

    (folder / "claim-000001.json").write_text("{}")
    monkeypatch.setattr("ganzoo.sweeps.claims._is_alive", dead)
    with claims.take("a") as taken:
        assert not taken
    assert json.loads((folder / "claim-000002.json").read_text()) == alive


def test_outcomes_are_told_to_other_processes(tmp_path: Path) -> None:
    mine, others = Claims(tmp_path), Claims(tmp_path)
    before = time.time()
    mine.fail("a", "diverged at step 3")
    assert others.failure("a", before) == "diverged at step 3"
    assert others.failure("a", time.time() + 1) == ""  # one that starts later tries it again
    mine.finish("a", tmp_path / "ring-1")
    assert others.run_of("a") == "ring-1" and others.failure("a", before) == ""


@pytest.mark.parametrize("content", ["", "[]", '{"run": null}', '{"error": 3}'])
def test_a_damaged_record_is_no_outcome(content: str, tmp_path: Path) -> None:
    claims = Claims(tmp_path)
    with claims.take("a"):
        for name in ("done.json", "failed.json"):
            (tmp_path / ".sweep/a" / name).write_text(content)
    assert (claims.run_of("a"), claims.failure("a", 0.0)) == ("", "")


def test_a_process_that_works_alone_leaves_nothing_behind(tmp_path: Path) -> None:
    claims = NoClaims()
    with claims.take("a") as taken, claims.take("a") as again:
        assert taken and again
    claims.finish("a", tmp_path / "ring-1")
    claims.fail("a", "no")
    assert (claims.run_of("a"), claims.failure("a", 0.0), [*tmp_path.iterdir()]) == ("", "", [])
