"""Writing files while training goes on, whether the disk is there or not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Attempts:
    """Called with what is written and how, it tries. That it failed is told once, and that it went well again."""

    def __init__(self, say: Callable[[str], None]):
        self.say = say
        self._failing = set[str]()

    def __call__(self, what: str, write: Callable[[], Any], name: str = "") -> None:
        """name: what it is told under, where `what` is another one each time."""
        name = name or what
        try:
            write()
        except OSError as error:
            if name not in self._failing:
                self._failing.add(name)
                self.say(f"{what} could not be written: {error}. Training goes on, and tries again at the next one.")
        else:
            if name in self._failing:
                self._failing.discard(name)
                self.say(f"{what} could be written again.")
