"""Decoded pictures on disk, so that each picture file is decoded once, and not in every epoch and run."""

from __future__ import annotations

import hashlib
import os
import shutil
import struct
import zlib
from collections.abc import Iterable
from typing import get_args

import PIL
import torch
from torch import Tensor

from ganzoo import cache_root
from ganzoo_builtins.datasets.colour_profile import Use
from ganzoo_builtins.datasets.image_decoder import ImageDecoder, Traits

FOLDER, PIXELS, RECORDS = "decoded", "pixels", "records"
RECORD = struct.Struct("<I??iiBdd")  # checksum of the pixels, and the properties of the file
CHECKSUM = struct.Struct("<I")  # of a record
USES = get_args(Use)
SPARE = 2**30  # bytes that stay free on the disk


class DecodedCache:
    """The decoded pictures of one dataset, in two files that all processes share and fill as they decode.

    A picture counts once its record is there and agrees with its pixels, so neither a process that was killed nor a
    power failure leaves a wrong picture: it is decoded again. A full disk ends the filling, and nothing else.

    Args:
        decode: Decodes a file.
        stamps: Properties of all files, by which a changed set gets other files.
        number: Number of pictures.
    """

    def __init__(self, decode: ImageDecoder, stamps: Iterable[str], number: int):
        digest = hashlib.sha256(f"{decode!r}\0{PIL.__version__}\0".encode())
        for stamp in stamps:
            digest.update(f"{stamp}\0".encode(errors="surrogateescape"))
        self.folder = cache_root() / FOLDER / digest.hexdigest()[:32]
        self.decode = decode
        self.number = number
        self.obstacle = "" if hasattr(os, "pread") else "this system cannot read at a place of a file"
        self._files: tuple[int, int] | None = None
        self._owner = 0

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_files": None}

    def get(self, i: int) -> tuple[Tensor, Traits] | None:
        """Return picture i and the properties of its file, or None if it is not there."""
        files = self._open()
        if files is None:
            return None
        pixels, records = files
        size = RECORD.size + CHECKSUM.size
        record = os.pread(records, size, i * size)
        if len(record) < size or CHECKSUM.pack(zlib.crc32(record[: RECORD.size])) != record[RECORD.size :]:
            return None
        checksum, grey, frames, height, width, use, largest, declared = RECORD.unpack(record[: RECORD.size])
        content = os.pread(pixels, self.decode.nbytes, i * self.decode.nbytes)
        if len(content) < self.decode.nbytes or zlib.crc32(content) != checksum:
            return None
        x = torch.frombuffer(bytearray(content), dtype=self.decode.dtype).view(self.decode.shape)
        number = None if largest < 0 else int(largest)
        return x, Traits(grey, frames, height, width, USES[use], number, int(declared))

    def put(self, i: int, x: Tensor, traits: Traits) -> None:
        """Keep picture i, first its pixels and then its record."""
        files = self._open()
        if files is None:
            return
        pixels, records = files
        content = x.contiguous().numpy().tobytes()
        largest = -1 if traits.largest is None else traits.largest
        use = USES.index(traits.profile)
        size = (traits.height, traits.width)
        record = RECORD.pack(zlib.crc32(content), traits.grey, traits.frames, *size, use, largest, traits.declared)
        record += CHECKSUM.pack(zlib.crc32(record))
        try:
            os.pwrite(pixels, content, i * len(content))
            os.pwrite(records, record, i * len(record))
        except OSError as error:
            self.obstacle = f"{self.folder}: {error.strerror}"

    def _open(self) -> tuple[int, int] | None:
        """Return the descriptors of the two files in this process; None when pictures cannot be kept."""
        if self.obstacle:
            return None
        if self._files is None or self._owner != os.getpid():
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
                self._check_room()
                flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
                pixels, records = (os.open(self.folder / name, flags, 0o644) for name in (PIXELS, RECORDS))
                self._files = (pixels, records)
                self._owner = os.getpid()
            except OSError as error:
                self.obstacle = f"{self.folder}: {error.strerror}"
                return None
        return self._files

    def _check_room(self) -> None:
        """Raise OSError when the disk has too little room for all pictures."""
        there = self.folder / PIXELS
        kept = there.stat().st_blocks * 512 if there.exists() else 0
        needed = self.number * self.decode.nbytes - kept
        free = shutil.disk_usage(self.folder).free
        if needed > free - SPARE:
            raise OSError(0, f"{needed / 2**30:.1f} GiB are needed, and {free / 2**30:.1f} GiB are free")
