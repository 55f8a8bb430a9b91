"""The C library keeps the memory that a step frees."""

from __future__ import annotations

import subprocess
import sys

import pytest

from helpers.support import environment

STEPS = """
import resource, sys
from ganzoo.training import allocator
kept = allocator.keep_blocks() if sys.argv[1] == "keep" else None
def touch():
    for _ in range(50):
        block = bytearray(4 * 2**20)
touch()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
touch()
print(kept, resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(how: str, **variables: str) -> tuple[str, int]:
    done = subprocess.run(
        [sys.executable, "-c", STEPS, how], env=environment(**variables), capture_output=True, text=True, check=True
    )
    kept, count = done.stdout.split()
    return kept, int(count)


@pytest.mark.skipif(sys.platform != "linux", reason="glibc is Linux's")
def test_freed_blocks_are_used_again_without_a_page_fault() -> None:
    kept, count = faults("keep")
    if kept == "False":
        pytest.skip("another C library than glibc, or one that is tuned")
    assert count < 100
    assert faults("leave", MALLOC_MMAP_THRESHOLD_="1000000")[1] > 10_000


def test_a_user_who_tuned_it_is_left_alone() -> None:
    assert faults("keep", MALLOC_ARENA_MAX="1")[0] == "False"
    assert faults("keep", GLIBC_TUNABLES="glibc.malloc.arena_max=1")[0] == "False"
