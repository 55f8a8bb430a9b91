"""metrics.jsonl loses no row."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from ganzoo.runs.metrics_log import MetricsLog, parsed


@pytest.fixture
def journal(tmp_path: Path) -> MetricsLog:
    return MetricsLog(tmp_path / "metrics.jsonl")


def test_rows_come_back(journal: MetricsLog) -> None:
    journal.append(1, {"a": 0.5})
    journal.append(2, {"a": 0.25})
    assert list(journal.rows()) == [{"step": 1, "a": 0.5}, {"step": 2, "a": 0.25}]


def test_what_is_not_finite_is_null_so_that_every_line_is_json(journal: MetricsLog) -> None:
    journal.append(1, {"a": float("nan"), "b": float("inf")})

    def refuse(name: str) -> Any:
        raise ValueError(name)

    assert json.loads(journal.path.read_text(), parse_constant=refuse) == {"step": 1, "a": None, "b": None}


class Full(io.FileIO):
    """Takes five bytes, then none."""

    room = 5

    def write(self, content: Any) -> int:
        written = super().write(bytes(content)[: Full.room])
        Full.room -= written
        return written


def test_rows_wait_while_the_disk_is_full(journal: MetricsLog, monkeypatch: pytest.MonkeyPatch) -> None:
    journal.append(1, {"a": 1.0})
    with monkeypatch.context() as full:
        full.setattr(Path, "open", lambda path, mode, buffering: Full(path, mode))
        for step in (2, 3):
            with pytest.raises(OSError, match="No space left"):
                journal.append(step, {"a": 1.0})
    assert journal.path.read_text() == '{"step": 1, "a": 1.0}\n'  # and no half of a line
    journal.append(4, {"a": 1.0})
    assert [row["step"] for row in journal.rows()] == [1, 2, 3, 4]


@pytest.mark.parametrize("torn", [b'{"step": 9, "a', b"\xff\xfe", b"[1]\n", b'"text"\n', b'{"a": 1}\n'])
def test_what_is_no_row_is_passed_over(torn: bytes, journal: MetricsLog) -> None:
    journal.append(1, {"a": 1.0})
    journal.path.write_bytes(journal.path.read_bytes() + torn)
    assert [row["step"] for row in journal.rows()] == [1]
    journal.forget_after(1)
    journal.append(2, {})
    assert [row["step"] for row in journal.rows()] == [1, 2]


def test_what_is_no_number_in_a_row_is_passed_over() -> None:
    lines = [b'{"step": 1, "a": 2.5, "b": "x", "c": null, "d": []}', b'{"step": "1"}', b"[1]", b'{"st']
    assert [*parsed(lines)] == [{"step": 1, "a": 2.5, "c": None}]
