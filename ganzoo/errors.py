"""Everything a user can mend, as one readable line and an exit code; a traceback is a bug of ours."""

import difflib
from collections.abc import Iterable

import click

WIDTH, LINES = 1000, 40  # of a message; no mistake takes more to tell


class GanzooError(click.ClickException):
    """A mistake the user can mend. The message says what is wrong and what to do next, and is safe to print."""

    exit_code = 2

    def __init__(self, message: str):
        super().__init__(readable(message))


class RecipeError(GanzooError):
    """A recipe or a setting that cannot be used; lists every problem found."""


class IncompatibleError(GanzooError):
    """Two components that cannot work together. Networks, losses and procedures raise it when they are built."""


class DataError(GanzooError):
    """Data that is missing or damaged."""

    exit_code = 3


class DivergedError(GanzooError):
    """A loss or a weight is no longer a finite number."""

    exit_code = 4


class RunError(GanzooError):
    """A run folder or a checkpoint that cannot be used."""

    exit_code = 5


class SetupError(GanzooError):
    """Something that the installation or the machine lacks: a package, disk space, a device."""

    exit_code = 6


class ConformanceError(GanzooError):
    """A plugin whose components are not what the interfaces promise."""

    exit_code = 6


class Interrupted(GanzooError):
    """Stopped by a signal after saving; `ganzoo resume` goes on from there. 75 is sysexits' EX_TEMPFAIL."""

    exit_code = 75


class Aborted(GanzooError):
    """Ended at once, by a second Ctrl-C or by one before training: 128 + SIGINT, as shells have it."""

    exit_code = 130


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return " Did you mean 'NAME'?" with the known name closest to `name`, or "" when none is close.

    Args:
        name: The name that was not found.
        known: The names that exist.
    """
    near = difflib.get_close_matches(name, list(known), n=1)
    return f" Did you mean {near[0]!r}?" if near else ""


def readable(text: str) -> str:
    """A text that a terminal shows and does not obey: control characters escaped, lines and their number bounded."""
    lines = text.split("\n")
    more = [f"... and {len(lines) - LINES} lines more"] if len(lines) > LINES else []
    return "\n".join([one_line(line, WIDTH) for line in lines[:LINES]] + more)


def one_line(text: str, width: int = 100) -> str:
    """What a recipe calls something, within a message. Its middle gives way: sentences of ours end with the remedy."""
    if len(text) > width:
        text = f"{text[: width // 2]} ... {text[len(text) - width // 2 :]}"
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
