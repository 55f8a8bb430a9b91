"""Errors that a user can correct: one message with the remedy, and an exit code for the command line."""

import difflib
import re
from collections.abc import Iterable

MESSAGE_WIDTH = 1000  # characters of one line of a message
MESSAGE_LINES = 40
ERROR_WIDTH = 500  # characters of what others raised, within a line
OUT_OF_MEMORY = re.compile("out of memory|allocate memory|not enough memory", re.IGNORECASE)  # of a GPU, or of RAM


class GanzooError(Exception):
    """An error that the user can correct.

    Args:
        message: What is wrong and what to do next.

    Attributes:
        message: The message, safe to print on a terminal.
        exit_code: Exit code of the command that ends with this error.
    """

    exit_code = 2

    def __init__(self, message: str):
        self.message = printable(message)
        super().__init__(self.message)


class RecipeError(GanzooError):
    """A recipe or setting that cannot be used; the message lists every problem."""


class IncompatibleError(GanzooError):
    """Two components that do not work together. Networks, losses and procedures raise it when they are built."""


class DataError(GanzooError):
    """Missing or damaged data."""

    exit_code = 3


class DivergedError(GanzooError):
    """A training run with a loss or weight that is no longer finite."""

    exit_code = 4


class RunError(GanzooError):
    """A run folder or checkpoint that cannot be used."""

    exit_code = 5


class SetupError(GanzooError):
    """A requirement that this machine does not meet: a package, a device, memory, disk space, the network."""

    exit_code = 6


class ConformanceError(GanzooError):
    """A plugin whose components break the promises of the interfaces."""

    exit_code = 6


class Interrupted(GanzooError):
    """A run that was saved and stopped by a signal or time limit. `ganzoo resume` continues it.

    Exit code 75 is EX_TEMPFAIL of sysexits.h.
    """

    exit_code = 75


class Aborted(GanzooError):
    """A command that Ctrl-C ended at once. Exit code 130 is 128 + SIGINT, the convention of shells."""

    exit_code = 130


class UserInterrupt(KeyboardInterrupt):
    """Ctrl-C of the user, where code of others runs that may raise a KeyboardInterrupt itself."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Suggest the known name that differs from `name` only in case, or else the closest one.

    Args:
        name: The misspelt name.
        known: The names that exist.

    Returns:
        " Did you mean 'NAME'?" with a leading space, or "" when no name is close.
    """
    names = list(known)
    same = [candidate for candidate in names if candidate.casefold() == name.casefold()]
    matches = same or difflib.get_close_matches(name, names, n=1)
    return f" Did you mean {matches[0]!r}?" if matches else ""


def printable(text: str) -> str:
    """Escape control characters, and limit the length and number of lines, so that a terminal shows the text as is."""
    lines = text.split("\n")
    omitted = len(lines) - MESSAGE_LINES
    note = [f"... and {omitted} more lines"] if omitted > 0 else []
    return "\n".join([one_line(line, MESSAGE_WIDTH) for line in lines[:MESSAGE_LINES]] + note)


def out_of_memory(error: BaseException, remedy: str) -> SetupError | None:
    """Return the error for an exception by which PyTorch, NumPy or Python says that memory has run out.

    Args:
        error: Any exception.
        remedy: What to do about it, as a sentence.

    Returns:
        The error; None for an exception that says something else.
    """
    is_of_memory = isinstance(error, RuntimeError) and OUT_OF_MEMORY.search(str(error))
    if not is_of_memory and not isinstance(error, MemoryError):
        return None
    return SetupError(f"memory has run out: {describe(error).rstrip('.')}. {remedy}")


def describe(error: BaseException) -> str:
    """Return type and text of an exception that code of others raised, on one line that is safe to print."""
    try:
        text = str(error)
    except UserInterrupt:
        raise
    except BaseException:  # a text that cannot be made is not worth a traceback
        text = "(its text cannot be shown)"
    return one_line(f"{type(error).__name__}: {' '.join(text.splitlines())}", ERROR_WIDTH)


def one_line(text: str, width: int = 100) -> str:
    """Shorten user input to `width` characters for a message, and escape control characters.

    The middle is left out: the end of a message holds the remedy.
    """
    if len(text) > width:
        text = f"{text[: width // 2]} ... {text[len(text) - width // 2 :]}"
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def escaped(text: str) -> str:
    """Escape the control characters of a text of any length, except line feeds and tabs.

    Bytes of file names that are no UTF-8 stay, as surrogates: they are no control characters to a terminal.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t" or "\udc80" <= c <= "\udcff" else ascii(c)[1:-1] for c in text)
