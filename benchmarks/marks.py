"""What commands write into pages: the text between two marks, and the machine that it was measured on."""

from __future__ import annotations

import platform
from pathlib import Path

END = "<!-- end of what is measured -->"


def begin(command: str) -> str:
    """The line that the text of a command stands behind."""
    return f"<!-- measured: {command} -->"


def insert(page: str, begin: str, text: str) -> str:
    """The page with what stands between `begin` and END replaced. Errors: ValueError when a mark is missing."""
    before, found, rest = page.partition(begin)
    _, closed, after = rest.partition(END)
    if not found or not closed:
        raise ValueError(f"the page needs the two lines {begin} and {END}")
    return f"{before}{begin}\n\n{text.strip()}\n\n{END}{after}"


def processor() -> str:
    """The processor by the name that its maker gave it, where the system tells."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    names = (line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())
