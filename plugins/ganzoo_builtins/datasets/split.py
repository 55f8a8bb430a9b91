"""What of data that are drawn on the spot is kept for testing."""

from __future__ import annotations


def held_out_split(n: int, seed: int) -> tuple[int, int]:
    """Of n samples of a seed: how many are held out, the share that MNIST keeps, and the seed of those."""
    return max(1, n // 6), seed + 1
