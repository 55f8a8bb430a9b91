"""How much a packed file may hold: what a header promises is believed only as far as the file could keep it."""

from __future__ import annotations

RATIO = 200  # bytes unpacked per byte packed; digits and letters come to 10
ALWAYS = 2**26  # bytes that any file may unpack to: nobody is hurt by 64 MiB


def check_decompressed_size(promised: int, packed: int) -> None:
    """Errors: ValueError when `promised` bytes are too many to come out of `packed`."""
    if promised > max(ALWAYS, RATIO * packed):
        raise ValueError(f"its header promises {promised:,} bytes, too many for a file of {packed:,}")
