"""Fuzz test: damage the metadata of good picture files, and check that each is still read, with the right pixels.

    python benchmarks/fuzz_metadata.py [--cases 10000] [--seed 0]

Each case is a small picture in a format that carries metadata: EXIF, XMP, a colour profile, comments, Photoshop's
blocks, PNG's text chunks or TIFF's tags. Some of their bytes are changed, cut off or made up; those of pixels are not.
A case is wrong if the decoder of `folder` refuses the file, or if its pixels are not those of the undamaged file,
turned or mirrored (a damaged tag may say so) and, if the profile was damaged, in other colours. Exits with 1 then, and
keeps the files.
"""

from __future__ import annotations

import argparse
import io
import random
import struct
import sys
import tempfile
import warnings
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image, ImageCms
from torch import Tensor

from ganzoo import DataError
from ganzoo_builtins.datasets.image_decoder import AVIF, ImageDecoder

SIDE = 16
DECODER = ImageDecoder(SIDE, 3, "crop", (255, 255, 255), 10**6)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
TYPES = range(14)  # of EXIF's values: 0 and 13 do not exist


@dataclass(frozen=True)
class Case:
    """A picture file with damaged metadata.

    Attributes:
        name: Name of the file, whose suffix says the format.
        data: The file.
        plain: The same picture without metadata.
        profile: The colour profile may be damaged.
    """

    name: str
    data: bytes
    plain: bytes
    profile: bool


def picture(choose: random.Random) -> Image.Image:
    """Return a picture without any symmetry."""
    image = Image.new("RGB", (SIDE, SIDE))
    for _ in range(6):
        colour = tuple(choose.randrange(256) for _ in range(3))
        left, top = choose.randrange(SIDE), choose.randrange(SIDE)
        image.paste(colour, (left, top, SIDE, min(SIDE, top + choose.randrange(1, 9))))
    return image


def exif(choose: random.Random) -> bytes:
    """Return a block of EXIF with tags as cameras write them."""
    block = Image.Exif()
    block[0x0112] = choose.randrange(1, 9)
    block[0x010F], block[0x0110], block[0x0131] = "Maker", "Model 1", "Software 2.0"
    block[0x011A] = block[0x011B] = 72.0
    block[0x0128] = choose.choice([1, 2, 3])
    block[0x8298] = "somebody"
    block.get_ifd(0x8769).update({0x9000: b"0230", 0xA002: SIDE, 0xA003: SIDE, 0x829A: 0.01, 0x927C: b"notes" * 9})
    block.get_ifd(0x8825).update({1: "N", 2: (1.0, 2.0, 3.0), 29: "2024:01:01"})
    return block.tobytes()


def changed(data: bytes, choose: random.Random, start: int = 0) -> bytes:
    """Change some bytes after the first ones, cut off the end, or make all of it up."""
    way = choose.random()
    if way < 0.1:
        return data[: choose.randrange(start, len(data) + 1)]
    if way < 0.2:
        return data[:start] + choose.randbytes(choose.randrange(200))
    block = bytearray(data)
    for _ in range(choose.randrange(1, 5)):
        block[choose.randrange(start, len(block))] = choose.choice([0, 1, 2, 255, choose.randrange(256), *TYPES])
    return bytes(block)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def with_option(kind: str, **always: object) -> Callable[[random.Random], tuple[bytes, bytes, bool]]:
    """Return a maker of files whose EXIF, profile or XMP is damaged before Pillow writes it."""

    def made(choose: random.Random) -> tuple[bytes, bytes, bool]:
        image = picture(choose)
        options = {"exif": changed(exif(choose), choose, choose.choice([0, 6, 14])), **always}
        profile = choose.random() < 0.3
        if profile:
            options["icc_profile"] = changed(SRGB, choose)
        if choose.random() < 0.3:
            options["xmp"] = changed(b'<x tiff:Orientation="6"/>' * 3, choose)
        try:
            return encoded(image, kind, **options), encoded(image, kind, **always), profile
        except Exception:  # Pillow does not write all that it may have to read
            return made(choose)

    return made


def chunk(kind: bytes, body: bytes, choose: random.Random) -> bytes:
    """Return a chunk of PNG, sometimes with a wrong checksum."""
    checksum = zlib.crc32(kind + body) ^ (choose.random() < 0.2)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum)


def png(choose: random.Random) -> tuple[bytes, bytes, bool]:
    """Return a PNG with chunks of any content before and after its pixels."""
    plain = encoded(picture(choose), "PNG")
    bodies = {
        b"eXIf": exif(choose)[6:],
        b"iCCP": b"name\0\0" + zlib.compress(SRGB),
        b"tEXt": b"Comment\0text",
        b"zTXt": b"Comment\0\0" + zlib.compress(bytes(choose.choice([10, 2**21]))),
        b"iTXt": b"XML:com.adobe.xmp\0\0\0\0\0<x tiff:Orientation='3'/>",
        b"pHYs": struct.pack(">IIB", 1, 1, 1),
        b"gAMA": struct.pack(">I", 45455),
        b"cHRM": bytes(32),
        b"tIME": bytes(7),
        b"sRGB": b"\0",
        b"prVt": b"private",
    }
    after_header, end = 33, len(plain) - 12
    blocks = [b"", b""]
    kinds = choose.choices(list(bodies), k=choose.randrange(1, 5))
    for kind in kinds:
        body = bodies[kind] if choose.random() < 0.3 else changed(bodies[kind], choose)
        blocks[choose.random() < 0.3] += chunk(kind, body, choose)
    data = plain[:after_header] + blocks[0] + plain[after_header:end] + blocks[1] + plain[end:]
    return data, plain, b"iCCP" in kinds


def jpeg(choose: random.Random) -> tuple[bytes, bytes, bool]:
    """Return a JPEG with segments of any content."""
    plain = encoded(picture(choose), "JPEG", quality=90)
    resource = b"8BIM\x03\xed\0\0" + struct.pack(">I", 16) + bytes(16)
    index = b"MM\0*\0\0\0\x08\0\x03\xb0\0\0\x07\0\0\0\x040100\xb0\x01\0\x04\0\0\0\x01\0\0\0\x02"
    index += b"\xb0\x02\0\x07\0\0\0\x20\0\0\0\x2e" + bytes(40)
    bodies = {
        0xE1: [b"Exif\0\0" + exif(choose)[6:], b"http://ns.adobe.com/xap/1.0/\0<x tiff:Orientation='3'/>"],
        0xE2: [b"ICC_PROFILE\0\x01\x01" + SRGB, b"MPF\0" + index, b"FPXR\0"],
        0xED: [b"Photoshop 3.0\0" + resource],
        0xEC: [b"Ducky\0\x01"],
        0xFE: [b"a comment"],
    }
    segments = b""
    profile = False
    for marker in choose.choices(list(bodies), k=choose.randrange(1, 5)):
        body = choose.choice(bodies[marker])
        profile |= body.startswith(b"ICC")
        body = body if choose.random() < 0.2 else changed(body, choose, choose.choice([0, min(14, len(body) - 1)]))
        segments += struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body
    return plain[:2] + segments + plain[2:], plain, profile


def tiff(choose: random.Random) -> tuple[bytes, bytes, bool]:
    """Return a TIFF whose descriptive tags are damaged."""
    image = picture(choose)
    compression = choose.choice([None, "tiff_lzw", "tiff_adobe_deflate"])
    tags = {270: "description", 305: "software", 306: "2024:01:01 00:00:00", 315: "artist", 33432: "copyright"}
    options = {"compression": compression, "dpi": (72, 72), "tiffinfo": tags, "exif": exif(choose)}
    data = bytearray(encoded(image, "TIFF", **options))
    (at,) = struct.unpack_from("<I", data, 4)
    (entries,) = struct.unpack_from("<H", data, at)
    starts = [at + 2 + 12 * i for i in range(entries)]
    descriptive = {270, 271, 272, 282, 283, 296, 305, 306, 315, 33432, 34665, 34853}
    free = [start for start in starts if struct.unpack_from("<H", data, start)[0] in descriptive]
    for start in choose.sample(free, k=min(len(free), choose.randrange(1, 5))):
        struct.pack_into(
            "<HII",
            data,
            start + 2,
            choose.choice(TYPES),
            choose.choice([0, 1, 2, 5, 10**6]),
            choose.choice([0, 8, 72, 2**31]),
        )
    return bytes(data), encoded(image, "TIFF"), False


MAKERS: dict[str, Callable[[random.Random], tuple[bytes, bytes, bool]]] = {
    "exif.jpg": with_option("JPEG", quality=90),
    "exif.png": with_option("PNG"),
    "exif.webp": with_option("WEBP", lossless=True),
    "chunks.png": png,
    "segments.jpg": jpeg,
    "tags.tif": tiff,
}
if AVIF:
    MAKERS["exif.avif"] = with_option("AVIF", quality=90, speed=10, max_threads=1)


def case(seed: int) -> Case:
    """Return one case, always the same for a seed."""
    name = list(MAKERS)[seed % len(MAKERS)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow reads what it writes; the decoder is to be silent by itself
        data, plain, profile = MAKERS[name](random.Random(seed))
    return Case(f"{seed}-{name}", data, plain, profile)


def problem(tried: Case, folder: Path) -> str:
    """Return what is wrong with a decoded case, or ""."""
    path = folder / tried.name
    path.write_bytes(tried.plain)
    expected, _ = DECODER(path)
    path.write_bytes(tried.data)
    try:
        x, _ = DECODER(path)
    except DataError as error:
        return error.message
    if not tried.profile and not any(torch.equal(x, turned) for turned in turns(expected)):
        return "the pixels are others"
    path.unlink()
    return ""


def turns(x: Tensor) -> list[Tensor]:
    """Return a picture (C, H, W) in all eight orientations."""
    return [torch.rot90(each, k, (1, 2)) for each in (x, x.flip(2)) for k in range(4)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="metadata-"))
    wrong: Counter[str] = Counter()
    for seed in range(options.seed, options.seed + options.cases):
        tried = case(seed)
        if told := problem(tried, folder):
            print(f"WRONG {folder / tried.name}: {told}", flush=True)
            wrong[tried.name.partition("-")[2]] += 1
    read = options.cases - wrong.total()
    print(f"{read:,} of {options.cases:,} pictures with damaged metadata are read; wrong: {dict(wrong) or 0}")
    if not wrong:
        folder.rmdir()
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
