"""`ganzoo play`, but for its page: what keeps it from starting."""

from __future__ import annotations

import importlib.util
import socket
from importlib import metadata
from pathlib import Path

import pytest

from ganzoo.errors import SetupError
from ganzoo.play import server
from helpers.commands import ganzoo


def test_without_gradio_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    result = ganzoo("play", str(tmp_path))
    assert result.exit_code == 6
    assert result.stderr == (
        "Error: ganzoo play requires gradio 6 or newer, and none is installed: pip install 'ganzoo-torch[play]'\n"
    )


def test_an_old_gradio_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(metadata, "version", lambda name: "5.49.1")
    result = ganzoo("play", str(tmp_path))
    assert result.exit_code == 6 and "and version 5.49.1 is installed: pip install" in result.stderr


def test_no_run_is_an_error_in_words(tmp_path: Path) -> None:
    result = ganzoo("play", str(tmp_path))
    assert result.exit_code == 5 and "not a run folder" in result.stderr


def test_a_port_in_use_is_an_error_in_words() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SetupError, match=f"port {port} of 127.0.0.1: Address already in use. Take another"):
            server.listen(port)
    with server.listen(0) as free:
        assert free.getsockname()[0] == "127.0.0.1" and free.getsockname()[1] > 0
