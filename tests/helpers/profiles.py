"""Colour profiles (ICC), written byte by byte: wide RGB, grey of another gamma, and inks."""

from __future__ import annotations

import struct

from PIL import ImageCms

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def _fixed(*numbers: float) -> bytes:
    return struct.pack(f">{len(numbers)}i", *(round(number * 65536) for number in numbers))


def _xyz(*numbers: float) -> bytes:
    return b"XYZ \0\0\0\0" + _fixed(*numbers)


def _gamma(gamma: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IHxx", 1, round(gamma * 256))


def _profile(kind: bytes, space: bytes, connection: bytes, tags: dict[bytes, bytes]) -> bytes:
    table, body = b"", b""
    for name, data in tags.items():
        table += name + struct.pack(">II", 132 + 12 * len(tags) + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    header = struct.pack(">I4sI4s4s4s", 132 + len(table) + len(body), b"\0" * 4, 0x02400000, kind, space, connection)
    header += bytes(12) + b"acsp" + bytes(28) + _fixed(0.9642, 1.0, 0.8249) + bytes(48)
    return header + struct.pack(">I", len(tags)) + table + body


WHITE = {b"wtpt": _xyz(0.9642, 1.0, 0.8249)}


def rgb(gamma: float = 2.2) -> bytes:
    """The primaries of Adobe RGB (1998)."""
    primaries = {
        b"rXYZ": (0.6097, 0.3111, 0.0195),
        b"gXYZ": (0.2053, 0.6257, 0.0609),
        b"bXYZ": (0.1492, 0.0632, 0.7446),
    }
    tags = {name: _xyz(*values) for name, values in primaries.items()}
    return _profile(
        b"mntr", b"RGB ", b"XYZ ", WHITE | tags | {name: _gamma(gamma) for name in (b"rTRC", b"gTRC", b"bTRC")}
    )


def grey(gamma: float = 1.0) -> bytes:
    """Grey of this gamma."""
    return _profile(b"mntr", b"GRAY", b"XYZ ", WHITE | {b"kTRC": _gamma(gamma)})


def cmyk() -> bytes:
    """Inks that are paler than those that Pillow assumes: full black is a dark grey."""
    linear = bytes(range(256))
    corners = b""
    for corner in range(16):
        cyan, magenta, yellow, black = ((corner >> bit) & 1 for bit in (3, 2, 1, 0))
        lightness = max(40, 255 - 60 * (cyan + magenta) - 20 * yellow - 180 * black)
        corners += bytes([lightness, 128 + 50 * (magenta - cyan), 128 + 50 * yellow - 25 * cyan])
    table = (
        b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + _fixed(1, 0, 0, 0, 1, 0, 0, 0, 1) + linear * 4 + corners + linear * 3
    )
    return _profile(b"prtr", b"CMYK", b"Lab ", WHITE | {b"A2B0": table})
