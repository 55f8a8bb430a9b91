"""Pictures by name, from a folder or straight from a zip file that is never unpacked."""

from __future__ import annotations

import io
import os
import zipfile
from functools import cached_property
from pathlib import Path, PurePosixPath

from PIL import Image, UnidentifiedImageError
from torch import Tensor

from ganzoo.errors import DataError
from ganzoo_builtins.datasets.images import to_tensor


class Pictures:
    """JPEG pictures of a folder or zip file, by file name. Usable from any process, whether forked or spawned."""

    def __init__(self, path: Path):
        self.path = path
        self._zip: zipfile.ZipFile | None = None
        self._owner = 0

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_zip": None}

    @cached_property
    def _members(self) -> dict[str, str]:
        """{file name: where it is}."""
        if self.path.is_dir():
            return {file.name: str(file) for file in self.path.glob("*.jpg")}
        members = (PurePosixPath(name) for name in self._archive().namelist())
        return {member.name: str(member) for member in members if member.suffix == ".jpg"}

    @cached_property
    def names(self) -> list[str]:
        """File names in alphabetical order."""
        return sorted(self._members)

    def read(self, name: str) -> Tensor:
        """One picture (3, H, W), uint8. Errors: DataError when it cannot be decoded."""
        try:
            place = self._members[name]
            data = Path(place).read_bytes() if self.path.is_dir() else self._archive().read(place)
            with Image.open(io.BytesIO(data)) as image:
                return to_tensor(image)
        except (OSError, UnidentifiedImageError, zipfile.BadZipFile) as error:
            raise DataError(f"{name} in {self.path} is damaged: {error}. Delete it and fetch it again.") from error

    def _archive(self) -> zipfile.ZipFile:
        """The zip, opened once per process: two processes reading through one file handle would mix their places."""
        if self._zip is None or self._owner != os.getpid():
            try:
                self._zip, self._owner = zipfile.ZipFile(self.path), os.getpid()
            except zipfile.BadZipFile as error:
                raise DataError(
                    f"{self.path} is no zip file ({error}); Google Drive sends a web page when its quota is used up. "
                    "Delete it and fetch it again tomorrow, or from another place."
                ) from error
        return self._zip
