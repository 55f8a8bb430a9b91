"""The memory that a process may use."""

from __future__ import annotations

from pathlib import Path

import pytest

from ganzoo.utils import ram


def test_a_container_s_limit_is_the_machine_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(ram, "CGROUP", limit)
    whole = ram.available()
    limit.write_text("1000000\n")
    assert ram.available() == 10**6
    limit.write_text("max\n")
    assert ram.available() == whole > 10**8
