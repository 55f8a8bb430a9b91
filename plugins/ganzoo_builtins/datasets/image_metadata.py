"""Metadata of image files: orientation, and copies of a file without the metadata that keeps Pillow from reading it.

Damaged metadata never costs a picture: no viewer refuses one for it.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

ORIENTATION = 0x0112  # the only tag of EXIF that is needed
TRANSPOSITIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
LARGEST_PROFILE = 2**24  # bytes; the largest in use, for printers, have about four million

PNG = b"\x89PNG\r\n\x1a\n"
CRITICAL = (b"IHDR", b"PLTE", b"IDAT", b"IEND")
JPEG = b"\xff\xd8"
JPEG_KEPT = (0xE0, 0xEE)  # APP0, JFIF; and APP14, Adobe, which tells RGB from YCbCr
STAND_ALONE = (0x01, *range(0xD0, 0xD8))  # markers without a length
START_OF_SCAN = 0xDA
TIFF = {b"II*\0": "<", b"MM\0*": ">"}  # and the byte order
TIFF_KEPT = (
    *(254, 255, 256, 257, 258, 259, 262, 266, 273, 274, 277, 278, 279, 284, 292, 293, 317, 320, 322, 323, 324, 325),
    *(330, 332, 334, 338, 339, 347, 529, 530, 531, 532, 34675),
)
"""Tags that pixels depend on, and the profile."""


def upright(image: Image.Image) -> Image.Image:
    """Turn a picture as its orientation tells. Everything else in EXIF is ignored."""
    image.load()
    method = transposition(image)
    return image if method is None else image.transpose(method)


def transposition(image: Image.Image) -> Image.Transpose | None:
    """Return how a picture is turned upright, or None if it is."""
    return TRANSPOSITIONS.get(_orientation(image))


def _orientation(image: Image.Image) -> Any:
    try:
        return image.getexif().get(ORIENTATION)
    except Exception:  # Pillow raises many types of errors for damaged metadata
        return None


@dataclass
class Stripped:
    """A copy of an image file without its metadata.

    Attributes:
        data: The copy.
        info: Metadata that decoding needs, as entries of Pillow's `info`.
    """

    data: bytes
    info: Mapping[str, bytes | None] = field(default_factory=dict)


def stripped(data: bytes) -> Stripped | None:
    """Copy an image file without its metadata.

    Args:
        data: The file.

    Returns:
        The copy, or None if there is nothing to strip, or the file is too damaged.
    """
    try:
        copy = _stripper(data)(data)
    except (IndexError, struct.error):
        return None
    return copy if copy.data != data else None


def _stripper(data: bytes) -> Callable[[bytes], Stripped]:
    if data.startswith(PNG):
        return _png
    if data.startswith(JPEG):
        return _jpeg
    if data[4:8] == b"ftyp":
        return _avif
    if data[:4] in TIFF:
        return _tiff
    return Stripped


def _png(data: bytes) -> Stripped:
    """Keep the pixels, the palette, and transparency, profile and EXIF if they are whole."""
    kept, at = [PNG], len(PNG)
    info: dict[str, bytes | None] = {}
    while at < len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        chunk = data[at : at + 12 + length]
        body = chunk[8:-4]
        whole = len(chunk) == 12 + length and zlib.crc32(chunk[4:-4]) == struct.unpack(">I", chunk[-4:])[0]
        if kind in CRITICAL or (kind == b"tRNS" and whole):
            kept.append(chunk)
        elif kind == b"eXIf" and whole:
            info["exif"] = body
        elif kind == b"iCCP":
            info["icc_profile"] = _profile_of_png(body) if whole else None
        at += len(chunk)
    return Stripped(b"".join(kept), info)


def _profile_of_png(body: bytes) -> bytes | None:
    compressed = body.partition(b"\0")[2][1:]
    try:
        return zlib.decompressobj().decompress(compressed, LARGEST_PROFILE)
    except zlib.error:
        return None


def _jpeg(data: bytes) -> Stripped:
    """Keep the pixels, JFIF, Adobe's marker and the profile; EXIF is set aside."""
    kept, at = [JPEG], len(JPEG)
    info: dict[str, bytes | None] = {}
    while data[at + 1] != START_OF_SCAN:
        marker = data[at + 1]
        if data[at] != 0xFF or marker == 0xFF or marker in STAND_ALONE:
            kept.append(data[at : at + 1])
            at += 1
            continue
        (length,) = struct.unpack_from(">H", data, at + 2)
        segment = data[at : at + 2 + length]
        body = segment[4:]
        metadata = 0xE0 <= marker <= 0xEF or marker == 0xFE
        if not metadata or marker in JPEG_KEPT or body.startswith(b"ICC_PROFILE\0"):
            kept.append(segment)
        elif body.startswith(b"Exif\0\0"):
            info.setdefault("exif", body)
        at += len(segment)
    return Stripped(b"".join([*kept, data[at:]]), info)


def _avif(data: bytes) -> Stripped:
    """Hide EXIF from Pillow by giving the item another type; the orientation of AVIF is elsewhere."""
    return Stripped(re.sub(rb"(infe\x02.{7})Exif", rb"\1skip", data, flags=re.DOTALL))


def _tiff(data: bytes) -> Stripped:
    """Keep the tags that pixels depend on in the first directory, and turn the others into one without meaning."""
    order = TIFF[data[:4]]
    (at,) = struct.unpack_from(f"{order}I", data, 4)
    (entries,) = struct.unpack_from(f"{order}H", data, at)
    copy = bytearray(data)
    for start in range(at + 2, at + 2 + 12 * entries, 12):
        if struct.unpack_from(f"{order}H", data, start)[0] not in TIFF_KEPT:
            struct.pack_into(f"{order}HHII", copy, start, 65000, 1, 1, 0)
    return Stripped(bytes(copy))
