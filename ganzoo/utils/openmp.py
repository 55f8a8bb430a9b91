"""OpenMP's environment variables: how idle threads wait, and the largest number of threads. Does not import torch.

The OpenMP runtime reads them when torch is imported, and never again. Threads that wait busily ("spin") start the next
parallel part of a step at once, but take the cores from each other and from other programs when there are more of them
than free cores.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

SPIN_COUNT = "10000"  # about 0.1 ms; docs/benchmarks.md has the measurements
CGROUP = Path("/sys/fs/cgroup/cpu.max")
WAITING = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME")
"""The variables that say how idle threads wait. One that is set is the user's, and none of them is changed."""

_set_here = set[str]()  # of WAITING, by set_wait_policy()

TRAINING = ("run", "resume", "bench", "check", "suggest")
"""The commands that train or time steps with the number of threads chosen by measuring, so that threads may spin."""


def set_wait_policy(command: str | None) -> None:
    """Set how the idle threads of a command wait, unless the user has. Has no effect once torch is imported.

    A training process that runs alone spins for a moment and falls back to one thread when that is slow. The threads of
    all other commands, and of several processes that train together, sleep.

    Args:
        command: Name of the command.
    """
    if _users_own():
        return
    for name in _set_here:
        del os.environ[name]
    _set_here.clear()
    if command not in TRAINING or (os.environ.get("WORLD_SIZE") or "1") != "1":
        _set("OMP_WAIT_POLICY", "passive")
    elif sys.platform.startswith("linux"):  # elsewhere torch uses LLVM's runtime, which spins and yields
        _set("GOMP_SPINCOUNT", SPIN_COUNT)


def thread_limit() -> int | None:
    """Return the largest number of threads that OMP_NUM_THREADS allows; None when it is not set to a number."""
    outermost = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()  # "4,2" is for nested parallel regions
    return int(outermost) if outermost.isdecimal() and int(outermost) > 0 else None


def cores() -> int:
    """Return the number of cores that this process may use; in a container with a quota, as many as it pays for."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = map(int, CGROUP.read_text().split())
    except (OSError, ValueError):  # there are no cgroups, or there is no quota: "max 100000"
        return available
    return max(1, min(available, quota // period))


def describe_waiting() -> str:
    """Describe how idle threads wait, for `ganzoo doctor`."""
    if own := _users_own():
        return f"as the environment says: {', '.join(f'{name}={os.environ[name]}' for name in own)}"
    commands = ", ".join(f"`ganzoo {command}`" for command in TRAINING)
    here = f"GOMP_SPINCOUNT={SPIN_COUNT}" if sys.platform.startswith("linux") else "the runtime's default"
    return (
        f"{here} in {commands}; OMP_WAIT_POLICY=passive in other commands; a program or notebook that imports torch "
        "itself has the runtime's default unless it sets one of these before"
    )


def _users_own() -> list[str]:
    return [name for name in WAITING if os.environ.get(name) and name not in _set_here]


def _set(name: str, value: str) -> None:
    os.environ[name] = value
    _set_here.add(name)
