"""The memory that a process may use: the machine's, or that of its container."""

from __future__ import annotations

from pathlib import Path

import psutil

CGROUP = Path("/sys/fs/cgroup/memory.max")


def available() -> int:
    """Return the bytes of memory that this process may use: the machine's, or fewer in a container."""
    total: int = psutil.virtual_memory().total
    try:
        return min(total, int(CGROUP.read_text()))
    except (OSError, ValueError):  # there are no cgroups, or there is no limit: "max"
        return total
