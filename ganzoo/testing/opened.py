"""Which files and folders are opened inside a block of code, by Python's own audit events."""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_LISTENERS: dict[int, list[str]] = {}  # by thread


@contextmanager
def opened() -> Iterator[list[str]]:
    """The paths that this thread opens or lists inside the block, in order."""
    _listen()
    heard = _LISTENERS[threading.get_ident()] = []
    try:
        yield heard
    finally:
        del _LISTENERS[threading.get_ident()]


@functools.cache
def _listen() -> None:
    """Once in a process: a hook cannot be taken back."""
    sys.addaudithook(_hear)


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    heard = _LISTENERS.get(threading.get_ident()) if _LISTENERS else None
    if heard is not None and event in ("open", "os.listdir", "os.scandir"):
        heard.append(str(arguments[0]))
