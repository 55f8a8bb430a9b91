"""A check: one promise of an interface and the component that it is checked on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn
from unittest import SkipTest

from ganzoo.errors import SetupError, describe, printable
from ganzoo.utils import rng


class BrokenPromiseError(AssertionError):
    """A promise that a component breaks. The message says what was observed and what to change."""

    def __init__(self, message: str):
        super().__init__(printable(message))


@dataclass(frozen=True)
class Check:
    """A promise and the component or plugin to check. Call it to run the check.

    `str(check)` names the component and the promise, the same in every process: it serves as a test id.

    Attributes:
        subject: A registered component, or a plugin as a whole.
        promise: The function that checks the promise; its name is the promise.
    """

    subject: Any
    promise: Callable[[Any], None]

    @property
    def name(self) -> str:
        """The promise in words."""
        return self.promise.__name__.replace("_", " ")

    def __str__(self) -> str:
        return f"{self.subject}: {self.name}"

    def __call__(self) -> None:
        """Run the check with all random generators seeded with 0; the caller's generators are restored afterwards.

        Raises:
            BrokenPromiseError: The component breaks the promise.
            unittest.SkipTest: The promise does not apply to the component, or this machine lacks what it needs, such as
                an optional package; pytest reports a skipped test.
        """
        try:
            with rng.seeded(0):
                self.promise(self.subject)
        except (BrokenPromiseError, SkipTest):
            raise
        except SetupError as error:  # such as a package of an extra that is not installed
            skip(f"this machine cannot run it: {error.message}")
        except (Exception, SystemExit) as error:  # a plugin's code may raise anything
            raise BrokenPromiseError(f"{self}: it raised {describe(error)}") from error


def expect(condition: object, message: str) -> None:
    """Raise BrokenPromiseError unless a condition holds. The message says what is wrong and what to change."""
    if not condition:
        raise BrokenPromiseError(message)


def skip(reason: str) -> NoReturn:
    """Skip the check because its promise does not apply to the component."""
    raise SkipTest(reason)
