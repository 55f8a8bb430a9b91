"""PNG files of samples: whole pictures, and those that are written row by row because they do not fit into memory."""

from __future__ import annotations

import io
import struct
import zlib
from typing import IO

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from ganzoo.utils.output import GRID, OWNER

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY, RGB = 0, 2  # colour types
UP = b"\x02"  # filter of a row: the difference to the row above


def to_png(picture: Image.Image, mark: str = GRID) -> bytes:
    """Return a picture of samples as the bytes of a PNG file, marked so that it is not taken for data."""
    content, text = io.BytesIO(), PngInfo()
    text.add_text(mark, OWNER)
    picture.save(content, "PNG", pnginfo=text)
    return content.getvalue()


class PngWriter:
    """Writes an 8-bit PNG file, grey or RGB, from top to bottom; Pillow writes whole pictures only.

    Args:
        file: Opened for writing.
        width: Pixels of a row.
        height: Number of rows.
        channels: 1 or 3.
    """

    def __init__(self, file: IO[bytes], width: int, height: int, channels: int):
        self._file = file
        self._packer = zlib.compressobj(6)
        self._above = np.zeros(width * channels, dtype=np.uint8)
        file.write(SIGNATURE)
        self._chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, GREY if channels == 1 else RGB, 0, 0, 0))
        self._chunk(b"tEXt", f"{GRID}\0{OWNER}".encode())

    def write(self, rows: np.ndarray) -> None:
        """Write the next rows.

        Args:
            rows: uint8 (rows, width, channels).
        """
        for row in rows.reshape(len(rows), -1):
            packed = self._packer.compress(UP + (row - self._above).tobytes())  # modulo 256, as uint8 does
            self._above = row
            if packed:
                self._chunk(b"IDAT", packed)

    def close(self) -> None:
        """Write the end of the file, which stays open."""
        self._chunk(b"IDAT", self._packer.flush())
        self._chunk(b"IEND", b"")

    def _chunk(self, kind: bytes, content: bytes) -> None:
        check = zlib.crc32(content, zlib.crc32(kind))
        self._file.write(struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check))
