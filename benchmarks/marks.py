"""Measured text in documentation pages: the marks around it, and the name of the processor."""

from __future__ import annotations

import platform
from pathlib import Path

END = "<!-- end of what is measured -->"


def begin(command: str) -> str:
    """Return the mark that precedes the text written by a command."""
    return f"<!-- measured: {command} -->"


def insert(page: str, begin: str, text: str) -> str:
    """Replace the text between two marks of a page.

    Args:
        page: Markdown source of the page.
        begin: First mark.
        text: New text between `begin` and `END`.

    Returns:
        The changed page.

    Raises:
        ValueError: A mark is missing.
    """
    before, opening, rest = page.partition(begin)
    _, closing, after = rest.partition(END)
    if not opening or not closing:
        raise ValueError(f"the page needs the two lines {begin} and {END}")
    return f"{before}{begin}\n\n{text.strip()}\n\n{END}{after}"


def processor() -> str:
    """Return the model name of the processor, or its architecture where the system knows no name."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    names = (line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())
