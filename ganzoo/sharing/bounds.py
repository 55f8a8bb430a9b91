"""Bounds on what a server that plays the Hub may send: bytes and seconds. huggingface_hub has none.

A server may be a hostile one: HF_ENDPOINT names any, and an account of the Hub can be taken over.
"""

from __future__ import annotations

import importlib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from ganzoo.errors import GanzooError, SetupError

ANSWER = 2**22  # bytes of an answer about a model: thousands of times what it takes
SPARE = 2**24  # bytes of all other answers while files are downloaded
SECONDS = 60.0  # for everything but the files
SLOWEST = 20_000  # bytes per second at which files still arrive
WAITS = ("retry-after", "ratelimit")  # headers by which a server says how long to wait, a day if it likes
SILENCE = 20.0  # seconds in which some byte has to arrive


class _Budget:
    """Bytes and seconds that are left, for all answers together."""

    def __init__(self, name: str, size: int, seconds: float):
        self._name = name
        self._left = size
        self._seconds = seconds
        self._ends = time.monotonic() + seconds
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()  # files are downloaded in several threads

    def take(self, size: int) -> None:
        """Subtract bytes that have arrived, and raise a SetupError when there are none or no seconds left."""
        with self._lock:
            self._left -= size
        if self._left < 0:
            raise SetupError(
                f"{self._name}: the Hub sends more than it said, or than any model needs. Nothing is kept."
            )
        if time.monotonic() > self._ends:
            raise self._too_slow()

    def watch(self, event: str, info: dict[str, Any]) -> None:
        """Remember the sockets of connections, of which an HTTP client tells by its trace."""
        if event.endswith("connect_tcp.complete"):
            self._sockets.append(info["return_value"].get_extra_info("socket"))

    @contextmanager
    def enforced(self) -> Iterator[None]:
        """Shut the connections when the seconds are over: headers that drip would be waited for without an answer."""
        timer = threading.Timer(self._seconds, self._shut)
        timer.daemon = True
        timer.start()
        try:
            yield
        except Exception as error:
            if isinstance(error, GanzooError) or time.monotonic() < self._ends:
                raise
            raise self._too_slow() from error
        finally:
            timer.cancel()

    def _too_slow(self) -> SetupError:
        return SetupError(f"{self._name}: the Hub is too slow. Nothing is kept; try again later.")

    def _shut(self) -> None:
        for connection in self._sockets:
            with suppress(OSError):  # it is closed already
                connection.shutdown(socket.SHUT_RDWR)

    def refuse_compressed(self, headers: Any) -> None:
        """Raise a SetupError for an answer of which nobody knows the size before it is unpacked."""
        if headers.get("content-encoding", "identity").lower() != "identity":
            raise SetupError(f"{self._name}: the Hub sends compressed data, which was not asked for.")


@contextmanager
def bounded(name: str, size: int | None = None) -> Iterator[None]:
    """Bound what huggingface_hub receives inside the block.

    Args:
        name: The model, for messages.
        size: Bytes of the files that are downloaded; None when only answers about them are read.

    Raises:
        SetupError: More arrives, or it takes too long.
    """
    from huggingface_hub import constants, errors
    from huggingface_hub.utils import _http

    http = importlib.import_module(errors.HTTPError.__module__.partition(".")[0])  # type: ignore[attr-defined]
    budget = _Budget(name, ANSWER, SECONDS) if size is None else _Budget(name, size + SPARE, SECONDS + size / SLOWEST)

    class Stream(http.SyncByteStream):  # type: ignore[misc, name-defined]
        """The bytes of an answer, counted."""

        def __init__(self, stream: Any):
            self._stream = stream

        def __iter__(self) -> Iterator[bytes]:
            for chunk in self._stream:
                budget.take(len(chunk))
                yield chunk

        def close(self) -> None:
            self._stream.close()

    def asked(request: Any) -> None:
        budget.take(0)
        request.headers["accept-encoding"] = "identity"
        timeout = http.Timeout(SILENCE).as_dict()
        request.extensions = {**request.extensions, "timeout": timeout, "trace": budget.watch}

    def answered(response: Any) -> None:
        budget.refuse_compressed(response.headers)
        for name in WAITS:
            response.headers.pop(name, None)
        response.stream = Stream(response.stream)

    make = _http._GLOBAL_CLIENT_FACTORY

    def make_bounded() -> Any:
        client = make()
        hooks = client.event_hooks
        client.event_hooks = {"request": [*hooks["request"], asked], "response": [answered, *hooks["response"]]}
        return client

    xet = constants.HF_HUB_DISABLE_XET
    _http.set_client_factory(make_bounded)
    constants.HF_HUB_DISABLE_XET = True  # it has a client of its own, without bounds
    try:
        with budget.enforced():
            yield
    finally:
        constants.HF_HUB_DISABLE_XET = xet
        _http.set_client_factory(make)
