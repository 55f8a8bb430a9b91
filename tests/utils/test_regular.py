"""Reading of files that anybody may have put there."""

from __future__ import annotations

import errno
import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from ganzoo.utils import regular


def test_a_file_is_read_up_to_its_limit(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"12345")
    assert regular.read(path, 5) == b"12345"
    with pytest.raises(OSError, match="larger than the limit of 4 bytes") as caught:
        regular.read(path, 4)
    assert caught.value.errno == errno.EFBIG


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda path: path.symlink_to("/etc/hostname"), "a link"),
        (lambda path: path.symlink_to("/dev/zero"), "a link"),
        (lambda path: path.symlink_to(path.name), "a link"),
        (Path.mkdir, "a folder"),
        (os.mkfifo, "a pipe"),
    ],
)
def test_what_is_no_regular_file_is_named_and_not_waited_for(
    make: Callable[[Path], None], kind: str, tmp_path: Path
) -> None:
    path = tmp_path / "a"
    make(path)
    for action in (regular.read, regular.check, regular.check_missing, regular.read_json):
        with pytest.raises(OSError, match=f"It is {kind}"):
            action(path)
    with pytest.raises(OSError, match=f"It is {kind}"), regular.open_file(path):
        pass


def test_a_link_that_takes_the_place_of_a_file_after_the_check_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    path.symlink_to("/etc/hostname")
    monkeypatch.setattr(regular, "check", lambda path: path.stat())
    with pytest.raises(OSError, match="a"):
        regular.read(path)


def test_a_limit_reserves_no_memory(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert regular.read(tmp_path / "a", 2**63) == b"abc"  # as a damaged manifest may declare it
    tracemalloc.start()
    assert regular.read(tmp_path / "a", 2**28) == b"abc"
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()


def test_a_missing_file_may_be_written(tmp_path: Path) -> None:
    regular.check_missing(tmp_path / "a")
    with pytest.raises(FileNotFoundError):
        regular.read(tmp_path / "a")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_json_in_any_encoding_of_unicode(encoding: str, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes('{"a": [1, "é"]}'.encode(encoding))
    assert regular.read_json(tmp_path / "a") == {"a": [1, "é"]}


@pytest.mark.parametrize("content", [b"", b"{", b"[" * 100_000, b'{"a":' * 100_000, b"\xff\xff\xff"])
def test_what_is_no_json_is_a_value_error(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(ValueError):
        regular.read_json(tmp_path / "a")
