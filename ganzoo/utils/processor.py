"""Name of the processor."""

from __future__ import annotations

import platform
from pathlib import Path

INFO = Path("/proc/cpuinfo")


def name() -> str:
    """Return the model name of the processor, or its architecture where the system knows no name."""
    try:
        lines = INFO.read_text().splitlines()
    except OSError:  # not on Linux
        lines = []
    names = (line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())
