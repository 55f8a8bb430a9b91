"""The server of `ganzoo play` without a browser: bounds of uploads, and signals."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import Any

import pytest

from ganzoo.play.server import BoundedPosts, end_on_signals


def test_an_upload_that_breaks_off_or_drips_leaves_nothing(tmp_path: Path) -> None:
    """The middleware around an application that writes what arrives, as gradio does, until nothing comes any more."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        (tmp_path / "tmp1").write_bytes(b"begun")
        if scope["path"] == "/upload":
            raise ConnectionError
        await asyncio.sleep(60)

    async def ended(path: str) -> list[Any]:
        task = asyncio.create_task(ask(path, seconds=60.0))
        await asyncio.sleep(0.1)
        task.cancel()
        return await task

    async def ask(path: str, seconds: float = 0.1) -> list[Any]:
        answers = list[Any]()

        async def send(message: Any) -> None:
            answers.append(message)

        scope = {"type": "http", "method": "POST", "path": path, "headers": [(b"content-length", b"9")]}
        await BoundedPosts(app, tmp_path, seconds=seconds)(scope, None, send)
        return answers

    with pytest.raises(ConnectionError):
        asyncio.run(ask("/upload"))
    assert [*tmp_path.iterdir()] == []
    assert asyncio.run(ask("/upload/"))[0]["status"] == 408 and [*tmp_path.iterdir()] == []
    assert asyncio.run(ended("/upload/"))[0]["status"] == 503 and [*tmp_path.iterdir()] == []


def test_the_end_of_a_terminal_removes_pictures_and_a_second_signal_does_not_disturb_it() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup ignores it
    cleaned = False
    try:
        with end_on_signals():
            try:
                signal.raise_signal(signal.SIGHUP)
            finally:
                signal.raise_signal(signal.SIGTERM)
                signal.raise_signal(signal.SIGHUP)
                cleaned = True
        assert cleaned and signal.getsignal(signal.SIGHUP) == signal.SIG_DFL
    finally:
        signal.signal(signal.SIGHUP, before)
