"""One promise, asked of one component."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn
from unittest import SkipTest

from ganzoo.errors import printable
from ganzoo.utils import rng


class BrokenPromiseError(AssertionError):
    """A promise that a component does not keep: what was seen, and what to change."""

    def __init__(self, message: str):
        super().__init__(printable(message))


@dataclass(frozen=True)
class Check:
    """A promise and its subject. Calling it asks; str() names both, the same in every process."""

    subject: Any
    promise: Callable[[Any], None]

    @property
    def name(self) -> str:
        return self.promise.__name__.replace("_", " ")

    def __str__(self) -> str:
        return f"{self.subject}: {self.name}"

    def __call__(self) -> None:
        """Noise is drawn from seed 0, and the caller's is left alone.

        Raises:
            BrokenPromiseError: The promise is broken.
            unittest.SkipTest: The promise does not concern the subject. pytest reports it as skipped.
        """
        try:
            with rng.seeded(0):
                self.promise(self.subject)
        except (BrokenPromiseError, SkipTest):
            raise
        except (Exception, SystemExit) as error:  # a stranger's code may raise anything
            raise BrokenPromiseError(f"{self}: it raised {type(error).__name__}: {error}") from error


def expect(condition: object, message: str) -> None:
    """Errors: BrokenPromiseError with `message`, which says what is wrong and what to change."""
    if not condition:
        raise BrokenPromiseError(message)


def not_asked(reason: str) -> NoReturn:
    """Leave the check: its promise does not concern this component. Errors: unittest.SkipTest."""
    raise SkipTest(reason)
