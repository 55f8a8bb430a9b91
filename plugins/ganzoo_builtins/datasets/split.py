"""The test split of generated datasets."""

from __future__ import annotations


def held_out_split(n: int, seed: int) -> tuple[int, int]:
    """Return the size and the seed of the test split of generated data.

    Args:
        n: Samples for training. The test split has one sixth as many, as MNIST's has.
        seed: Seed of the samples for training.

    Returns:
        The size, at least 1, and the seed.
    """
    return max(1, n // 6), seed + 1
