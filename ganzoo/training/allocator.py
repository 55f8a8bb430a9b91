"""Memory that a step frees is kept for the next step, where the C library is glibc.

Left alone, glibc hands large blocks back to the kernel when a tensor dies, and every step faults the same pages in
again: 1,700 faults a step of two fully connected networks, and 15 to 17 % of the time of a step on one core
(docs/benchmarks.md). Peak memory stays as it was, since a run needs the same blocks over and over.
"""

from __future__ import annotations

import ctypes
import functools
import os
import sys

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of malloc.h
LARGEST_THRESHOLD = 32 * 2**20  # bytes; glibc takes no more for M_MMAP_THRESHOLD
KEPT = 2**30  # bytes free at the top of the heap, beyond which they are given back after all


@functools.cache
def keep_blocks() -> bool:
    """Tell glibc so, for the whole process; False where it is another library or the user has tuned it."""
    tuned = "GLIBC_TUNABLES" in os.environ or any(name.startswith("MALLOC_") for name in os.environ)
    if tuned or not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    if mallopt is None:
        return False
    return bool(mallopt(M_MMAP_THRESHOLD, LARGEST_THRESHOLD)) and bool(mallopt(M_TRIM_THRESHOLD, KEPT))
