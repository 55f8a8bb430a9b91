"""Images of one known size by name, from a folder or from a zip file that is not unpacked."""

from __future__ import annotations

import hashlib
import io
import os
import warnings
import zipfile
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TypeVar

from PIL import Image
from torch import Tensor

from ganzoo import DataError, pointer_remedy
from ganzoo_builtins.datasets.images import to_tensor

LARGEST = 2**22  # bytes of one file; those of CelebA have about ten thousand
AnyPath = TypeVar("AnyPath", bound=PurePosixPath | Path)


class ImageArchive:
    """The JPEG images of a folder or zip file, by file name. It can be used in forked and in spawned processes.

    The images of a folder may lie in folders inside it. Hidden files, such as those of macOS, are none, and links to
    outside the folder are ignored.

    Args:
        path: The folder or zip file.
        width: Width of all images. Images of another size are rejected before they are decoded.
        height: Height of all images.
    """

    def __init__(self, path: Path, width: int, height: int):
        self.path = path
        self.width = width
        self.height = height
        self._zip: zipfile.ZipFile | None = None
        self._owner = 0

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_zip": None}

    @cached_property
    def _members(self) -> dict[str, tuple[str, int, int]]:
        """{file name: (path, size in bytes, checksum or 0)}."""
        if self.path.is_dir():
            root = self.path.resolve()
            found = _visible(self.path.glob("*.jpg")) or _visible(self.path.rglob("*.jpg"))  # some unpack deeper
            inside = (file for file in found if file.is_file() and root in file.resolve().parents)
            return {file.name: (str(file), file.stat().st_size, 0) for file in inside}
        members = {PurePosixPath(info.filename): info for info in self._zip_file().infolist()}
        images = _visible(path for path in members if path.suffix == ".jpg")
        return {path.name: (members[path].filename, members[path].file_size, members[path].CRC) for path in images}

    @cached_property
    def names(self) -> list[str]:
        """File names in alphabetical order."""
        return sorted(self._members)

    def fingerprint(self) -> str:
        """Return the SHA-256 of all names, sizes and, in a zip file, checksums. No image is read."""
        facts = [(name, *self._members[name][1:]) for name in self.names]
        return hashlib.sha256(repr(facts).encode(errors="surrogateescape")).hexdigest()

    def read(self, name: str) -> Tensor:
        """Read one image.

        Args:
            name: Its file name.

        Returns:
            The image (3, H, W), uint8.

        Raises:
            DataError: The image is damaged, or has another size.
        """
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own limit is below
                image = Image.open(io.BytesIO(self._bytes(name)), formats=("JPEG",))  # reads the header only
            with image:
                if image.size != (self.width, self.height):
                    raise ValueError(f"it is {image.width}x{image.height}, expected {self.width}x{self.height}")
                return to_tensor(image)
        except DataError:
            raise
        except Exception as error:  # zipfile and Pillow raise many types of errors for damaged files
            if self.path.is_dir() and (pointer := pointer_remedy(Path(self._members[name][0]))):
                raise DataError(f"{name} in {self.path}: {pointer}.") from error
            raise DataError(f"{name} in {self.path} is damaged: {error}. Delete it and fetch it again.") from error

    def _bytes(self, name: str) -> bytes:
        """Read the bytes of a file, and raise ValueError for a file larger than any such image."""
        path = self._members[name][0]
        with Path(path).open("rb") if self.path.is_dir() else self._zip_file().open(path) as file:
            data = file.read(LARGEST + 1)  # never decompresses all of a zip bomb
        if len(data) > LARGEST:
            raise ValueError(f"it holds more than {LARGEST:,} bytes")
        return data

    def _zip_file(self) -> zipfile.ZipFile:
        """Return the zip file, opened once per process: a shared file handle would share its position."""
        if self._zip is None or self._owner != os.getpid():
            try:
                self._zip = zipfile.ZipFile(self.path)
                self._owner = os.getpid()
            except zipfile.BadZipFile as error:
                raise DataError(
                    f"{self.path} is no zip file ({error}); Google Drive sends a web page when its quota is used up. "
                    "Delete it and fetch it again tomorrow, or from another place."
                ) from error
        return self._zip


def _visible(paths: Iterable[AnyPath]) -> list[AnyPath]:
    """Return the paths without hidden ones: macOS packs a file "._NAME" with each."""
    return [path for path in paths if not path.name.startswith(".")]
