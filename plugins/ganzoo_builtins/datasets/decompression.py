"""Limit on the decompressed size of a file, so that a damaged or hostile header cannot exhaust the memory."""

from __future__ import annotations

RATIO = 200  # decompressed bytes per byte of the file; images of digits and letters reach 10
ALWAYS = 2**26  # decompressed bytes that any file may have


def check_decompressed_size(size: int, compressed: int) -> None:
    """Check that a file can have as many bytes as it declares.

    Args:
        size: Bytes after decompression.
        compressed: Bytes of the file.

    Raises:
        ValueError: `size` is more than 64 MiB, and more than 200 times `compressed`.
    """
    if size > max(ALWAYS, RATIO * compressed):
        raise ValueError(f"its header promises {size:,} bytes, too many for a file of {compressed:,}")
