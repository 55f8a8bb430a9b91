"""A server that plays the Hub cannot fill memory or disk, wait for ever, or end a command in a traceback."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import constants, hf_api

from ganzoo.errors import GanzooError, RunError, SetupError
from ganzoo.sharing import bounds, hub

NAME, SHA = "ann/letters", "a" * 40
Send = Callable[[BaseHTTPRequestHandler], None]


def body(content: bytes, **headers: str) -> Send:
    """Return an answer of a whole body."""

    def send(server: BaseHTTPRequestHandler) -> None:
        server.send_response(200)
        names = {key.replace("_", "-"): value for key, value in headers.items()}
        for key, value in {"Content-Length": str(len(content)), "X-Repo-Commit": SHA, "ETag": '"e"', **names}.items():
            server.send_header(key, value)
        server.end_headers()
        if server.command != "HEAD":
            server.wfile.write(content)

    return send


def endless(chunk: bytes, pause: float = 0.0, chunks: int = 2**10) -> Send:
    """Return an answer without an end, or nearly so: a test without its guard must not fill the disk."""

    def send(server: BaseHTTPRequestHandler) -> None:
        server.send_response(200)
        server.send_header("X-Repo-Commit", SHA)
        server.send_header("ETag", '"e"')
        server.end_headers()
        for _ in range(chunks if server.command != "HEAD" else 0):
            server.wfile.write(chunk)
            time.sleep(pause)

    return send


def told(**more: Any) -> bytes:
    """Return what the Hub says of a model."""
    files = [{"rfilename": name, "size": 10} for name in ("manifest.json", "config.json", "model.safetensors")]
    return json.dumps({"id": NAME, "sha": SHA, "private": False, "siblings": files, **more}).encode()


def tree() -> bytes:
    names = ("manifest.json", "config.json", "model.safetensors")
    return json.dumps([{"type": "file", "path": name, "size": 10, "oid": "0" * 40} for name in names]).encode()


@contextmanager
def serving(info: Send, file: Send, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    class Answers(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            send = body(tree()) if "/tree/" in self.path else info if self.path.startswith("/api/") else file
            with suppress(OSError):  # the client has left
                send(self)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(constants, "ENDPOINT", address)
    template = address + "/{repo_id}/resolve/{revision}/{filename}"  # files are asked for by it
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(hf_api.constants, "ENDPOINT", address)
    monkeypatch.setattr(hub, "api", lambda: hf_api.HfApi(endpoint=address, token=False))
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


NOTHING = body(b"")
ANSWERS: dict[str, Send] = {
    "null": body(b"null"),
    "a list": body(b"[1]"),
    "a number": body(b"7"),
    "nesting without end": body(b"[" * 100_000),
    "a size of 5,000 digits": body(b'{"siblings": [{"rfilename": "a", "size": 1' + b"0" * 5000 + b"}]}"),
    "a size that is a text": body(told(siblings=[{"rfilename": "config.json", "size": "large"}])),
    "files that are numbers": body(told(siblings=[1])),
    "names that are numbers": body(told(siblings=[{"rfilename": 1, "size": 1}])),
    "no commit": body(told(sha=None)),
    "a commit that is a path": body(told(sha="../../x")),
    "more than any model": endless(b" " * 2**16),
    "a bomb": body(gzip.compress(b" " * 2**26), Content_Encoding="gzip"),
    "no JSON": body(b"\xff\xfe\x00"),
}


@pytest.mark.parametrize("answer", [pytest.param(send, id=name) for name, send in ANSWERS.items()])
def test_an_answer_that_is_none_is_one_line(answer: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(answer, NOTHING, monkeypatch), pytest.raises((SetupError, RunError)) as raised:
        hub.look_up(NAME)
    assert raised.value.message.startswith(f"{NAME}: ") and "\n" not in raised.value.message


def unavailable(server: BaseHTTPRequestHandler) -> None:
    server.send_response(429)
    for key, value in {"Retry-After": "90000", "ratelimit": '"api";r=0;t=90000', "Content-Length": "0"}.items():
        server.send_header(key, value)
    server.end_headers()


FILES: dict[str, tuple[Send, str]] = {
    "more than was told": (endless(b"x" * 2**16), "the Hub sends more than it said"),
    "less than was told": (body(b"x"), "not JSON"),
    "a bomb": (body(gzip.compress(b" " * 2**26), Content_Encoding="gzip"), "compressed data, which was not asked for"),
    "a wait of a day": (unavailable, "the Hub is too slow"),
    "a gigabyte, it says": (body(b"x" * 10, Content_Length=str(2**30)), "the Hub is too slow"),  # asked for again
}


@pytest.mark.parametrize(("answer", "says"), [pytest.param(*case, id=name) for name, case in FILES.items()])
def test_a_file_that_is_not_as_told_leaves_nothing(
    answer: Send, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "SPARE", 2**20)
    monkeypatch.setattr(bounds, "SECONDS", 2.0 if "slow" in says else 60.0)
    monkeypatch.setattr(bounds, "SILENCE", 1.0)
    with serving(body(told()), answer, monkeypatch):
        remote = hub.look_up(NAME)
        with pytest.raises(GanzooError) as raised:
            hub.download(remote, tmp_path / "model")
    assert says in raised.value.message and "\n" not in raised.value.message
    assert list(tmp_path.iterdir()) == []


def dripping_headers(server: BaseHTTPRequestHandler) -> None:
    server.wfile.write(b"HTTP/1.1 200 OK\r\n")
    for i in range(100):
        server.wfile.write(b"X-%d: x\r\n" % i)
        time.sleep(0.2)


def continuing(server: BaseHTTPRequestHandler) -> None:
    for _ in range(100):
        server.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        time.sleep(0.2)


@pytest.mark.parametrize("answer", [dripping_headers, continuing])
def test_headers_that_drip_are_not_waited_for(answer: Send, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "SECONDS", 1.0)
    began = time.monotonic()
    with serving(answer, NOTHING, monkeypatch), pytest.raises(SetupError, match="the Hub is too slow"):
        hub.look_up(NAME)
    with serving(body(told()), answer, monkeypatch):
        monkeypatch.setattr(bounds, "SECONDS", 60.0)
        remote = hub.look_up(NAME)
        monkeypatch.setattr(bounds, "SECONDS", 1.0)
        with pytest.raises(SetupError):
            hub.download(remote, tmp_path / "model")
    assert time.monotonic() - began < 15
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("pause", [0.2, 5.0])
def test_a_server_that_drips_or_waits_is_not_waited_for(pause: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "SECONDS", 1.0)
    monkeypatch.setattr(bounds, "SILENCE", 1.0)
    began = time.monotonic()
    with serving(endless(b" ", pause), NOTHING, monkeypatch), pytest.raises(SetupError):
        hub.look_up(NAME)
    assert time.monotonic() - began < 15


def test_nothing_more_is_asked_for_once_the_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that tries again would have a connection of its own, which nobody shuts."""
    monkeypatch.setattr(bounds, "SECONDS", 0.1)
    too_slow = pytest.raises(SetupError, match="the Hub is too slow")
    with serving(body(told()), NOTHING, monkeypatch), too_slow, bounds.bounded(NAME):
        time.sleep(0.2)
        monkeypatch.setattr(bounds, "SECONDS", 60.0)
        hub.look_up(NAME)


def test_outside_the_block_nothing_is_bounded() -> None:
    from huggingface_hub.utils import _http

    make, xet = _http._GLOBAL_CLIENT_FACTORY, constants.HF_HUB_DISABLE_XET
    with bounds.bounded(NAME):
        assert _http._GLOBAL_CLIENT_FACTORY is not make and constants.HF_HUB_DISABLE_XET
    assert _http._GLOBAL_CLIENT_FACTORY is make and xet == constants.HF_HUB_DISABLE_XET
