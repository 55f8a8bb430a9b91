"""Refuses to work in a folder that was deleted, where libraries fail in ways of their own."""

from __future__ import annotations

from pathlib import Path

from ganzoo.errors import SetupError


def check() -> None:
    """Check that the current folder exists, before a library is imported that ends the process where it does not.

    Raises:
        SetupError: It was deleted or moved, or cannot be reached.
    """
    try:
        Path.cwd()
    except OSError as error:
        raise SetupError(
            f"the current folder cannot be used ({error.strerror}): it was deleted, or moved. Change to another: cd ~"
        ) from error
