"""A file of a run folder is the old one or a complete new one."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import nullcontext
from pathlib import Path

import pytest

from ganzoo.utils import atomic


def test_a_file_is_replaced(tmp_path: Path) -> None:
    atomic.write_file(tmp_path / "a", b"old")
    atomic.write_file(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"new"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("broken", ["write_synced", "replace"])
def test_a_failure_leaves_the_old_file_and_nothing_else(
    broken: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(path: Path, *_: object) -> None:
        path.write_bytes(b"ha")
        raise OSError(28, "No space left on device")

    atomic.write_file(tmp_path / "a", b"old")
    with monkeypatch.context() as full:
        full.setattr(*((atomic, broken) if broken == "write_synced" else (Path, broken)), fails)
        with pytest.raises(OSError, match="No space left"):
            atomic.write_file(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_what_is_written_is_synced_before_it_takes_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    fsync, replace = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda fd: (done.append("fsync"), fsync(fd))[1])
    monkeypatch.setattr(Path, "replace", lambda path, to: (done.append("rename"), replace(path, to))[1])
    atomic.write_file(tmp_path / "a", b"new")
    assert done == ["fsync", "rename", "fsync"]  # the file, then its name


def test_a_folder_leaves_its_name_before_it_is_emptied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "step-00000001").mkdir()
    (tmp_path / "step-00000001" / "manifest.json").write_text("{}")
    emptied: list[str] = []
    monkeypatch.setattr(atomic.shutil, "rmtree", lambda path, ignore_errors: emptied.append(path.name))
    atomic.remove_folder(tmp_path / "step-00000001")
    assert emptied[-1] == ".trash-step-00000001"
    assert not (tmp_path / "step-00000001").exists()


def test_a_folder_takes_the_place_of_another(tmp_path: Path) -> None:
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "content").write_text(name)
    atomic.replace_folder(tmp_path / "new", tmp_path / "old")
    assert [path.name for path in tmp_path.iterdir()] == ["old"]
    assert (tmp_path / "old" / "content").read_text() == "new"
    (tmp_path / "first").mkdir()
    atomic.replace_folder(tmp_path / "first", tmp_path / "second")
    assert (tmp_path / "second").is_dir()


def test_a_link_at_the_temporary_name_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "x").symlink_to(tmp_path / "mine")
    atomic.write_synced(tmp_path / "x", b"new")
    assert (tmp_path / "x").read_bytes() == b"new" and not (tmp_path / "x").is_symlink()
    assert (tmp_path / "mine").read_text() == "mine"


def test_a_link_among_leftovers_is_removed_and_what_it_leads_to_stays(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").write_text("mine")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / f"{atomic.TRASH}x").symlink_to(tmp_path / "mine")
    atomic.remove_leftovers(tmp_path / "run")
    assert [*(tmp_path / "run").iterdir()] == []
    assert (tmp_path / "mine" / "file").read_text() == "mine"


@pytest.mark.timeout(30)
def test_a_pipe_in_the_place_of_a_folder_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    os.mkfifo(tmp_path / "old")
    atomic.replace_folder(tmp_path / "new", tmp_path / "old")
    assert [path.name for path in tmp_path.iterdir()] == ["old"] and (tmp_path / "old").is_dir()


def test_leftovers_are_swept_away_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / ".partial-step-1").mkdir()
    (tmp_path / ".partial-step-1" / "model.safetensors").write_bytes(b"ha")
    (tmp_path / ".trash-step-0").mkdir()
    (tmp_path / ".partial-status.json").write_text("{")
    (tmp_path / "status.json").write_text("{}")
    atomic.remove_leftovers(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["status.json"]


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP, errno.EIO, errno.ENOSYS, errno.EACCES])
@pytest.mark.parametrize("call", ["fsync", "open"])
def test_a_folder_that_cannot_be_synced_stops_nothing(
    call: str, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_it_is = getattr(os, call)

    def fails(place: int | Path, *more: int) -> int:
        if stat.S_ISDIR(os.fstat(place).st_mode) if isinstance(place, int) else Path(place).is_dir():
            raise OSError(number, os.strerror(number))
        return as_it_is(place, *more)

    monkeypatch.setattr(os, call, fails)
    atomic.write_file(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"new"


@pytest.mark.parametrize(("number", "stops"), [(errno.EINVAL, False), (errno.EIO, True), (errno.ENOSPC, True)])
def test_a_file_that_is_not_on_the_disk_takes_no_name(
    number: int, stops: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(OSError, match=os.strerror(number)) if stops else nullcontext():
        atomic.write_file(tmp_path / "a", b"new")
    assert (tmp_path / "a").exists() is not stops
