"""Your own images: a folder of pictures, or of one folder per class."""

from __future__ import annotations

import hashlib
import shlex
from functools import cached_property
from pathlib import Path
from typing import Literal

import torch
from PIL import ImageColor
from pydantic import PositiveInt
from torch import Tensor

from ganzoo import Batch, DataError, Dataset, GanzooError, Spec
from ganzoo_builtins.datasets.files import Example, find_path, list_examples, subfolders
from ganzoo_builtins.datasets.image_decoder import Fit, ImageDecoder, Traits

IN_MEMORY = 2**30  # bytes of decoded images that are kept; more are decoded each time they are asked for


class Folder(Dataset):
    """The images below a folder, in alphabetical order; if it has subfolders, each of them is a class.

    x: uint8 (N, channels, size, size); y: int64 (N,), the number of the subfolder.
    path: from the current folder, or else from the data folder.
    fit: a picture that is not square has its middle cropped, is padded with background, or stretched.
    background: a colour, by name or as [red, green, blue], that also shows through transparency.
    bad_images: "error" stops at a picture that cannot be read; "skip" leaves it out, and reads all of them once when
    the folder is opened to know which; more than 1 % of bad ones (and more than one) is an error all the same.
    max_megapixels: larger pictures count as bad, before they are decoded.

    Pictures are turned as their EXIF data says, 16 bits scaled to 8, and of an animation the first frame is taken.
    Hidden files and folders, files that are no images by their suffix, and links out of the folder are left alone.
    """

    def __init__(
        self,
        path: str,
        size: PositiveInt = 64,
        channels: Literal[1, 3] = 3,
        fit: Fit = "crop",
        background: str | tuple[int, int, int] = "white",
        bad_images: Literal["error", "skip"] = "error",
        max_megapixels: PositiveInt = 64,
    ):
        self.path = path
        self.bad_images = bad_images
        self.shape = (channels, size, size)
        self.decode = ImageDecoder(size, channels, fit, _colour(background), max_megapixels * 10**6)

    @cached_property
    def root(self) -> Path:
        """The folder. Errors: DataError when there is none."""
        return find_path(self.path, "folder")

    @cached_property
    def class_names(self) -> tuple[str, ...]:  # type: ignore[override]  # known once the folder is listed
        return tuple(path.name for path in subfolders(self.root))

    @cached_property
    def spec(self) -> Spec:  # type: ignore[override]
        return Spec(self.shape, classes=len(self.class_names))

    def __len__(self) -> int:
        return len(self._examples)

    def __getitem__(self, i: int) -> Batch:
        path, label = self._examples[i]
        x = self._images[i] if "_images" in self.__dict__ else self._decoded(path)
        return {"x": x, "y": torch.tensor(label)} if self.class_names else {"x": x}

    def tensors(self) -> Batch | None:
        if not self._fits(self._examples):
            return None
        return {"x": self._images, "y": self.all_labels()} if self.class_names else {"x": self._images}

    def all_labels(self) -> Tensor:
        return torch.tensor([label for _, label in self._examples])

    def fingerprint(self) -> str:
        """That of every dataset, and the name and size of every file, decoded or not."""
        digest = hashlib.sha256(super().fingerprint().encode())
        for path, _ in self._examples:
            digest.update(f"{path.relative_to(self.root)}\0{path.stat().st_size}\0".encode(errors="surrogateescape"))
        return digest.hexdigest()

    def remarks(self) -> list[str]:
        """What was converted and what was left out, once every picture has been decoded."""
        said = []
        if len(self._seen) == len(self._examples):
            channels = self.spec.shape[0]
            converted = sum(traits.grey == (channels == 3) for traits in self._seen.values())
            if converted:
                how = "in grey, and were turned to colour" if channels == 3 else "in colour, and were turned to grey"
                said.append(f"{converted:,} of {len(self):,} pictures are {how}")
            if stacks := sum(traits.frames for traits in self._seen.values()):
                said.append(f"{stacks:,} of {len(self):,} files hold several frames, of which the first was taken")
        if bad := len(self._opened[1]):
            said.append(f"{bad:,} of {len(self) + bad:,} pictures cannot be read, and were skipped")
        return said

    @cached_property
    def _seen(self) -> dict[Path, Traits]:
        """What was noticed about each picture that this process has decoded."""
        return {}

    def _decoded(self, path: Path) -> Tensor:
        x, self._seen[path] = self.decode(path)
        return x

    def _fits(self, examples: list[Example]) -> bool:
        return len(examples) * self.spec.size <= IN_MEMORY

    @property
    def _examples(self) -> list[Example]:
        """The examples that count from now on."""
        return self._opened[0]

    @cached_property
    def _images(self) -> Tensor:
        """All of them (N, C, H, W), kept. Errors: DataError at the first one that is bad."""
        images = torch.empty(len(self._examples), *self.shape, dtype=torch.uint8)
        for i, (path, _) in enumerate(self._examples):
            images[i] = self._decoded(path)
        return images

    @cached_property
    def _opened(self) -> tuple[list[Example], list[str]]:
        """The good examples, and what is wrong with each bad one; where bad ones are errors, nobody has looked yet."""
        listed = list_examples(self.root, self.class_names)
        if self.bad_images == "error":
            return listed, []
        images = torch.empty(len(listed) if self._fits(listed) else 1, *self.shape, dtype=torch.uint8)
        good: list[Example] = []
        bad: list[str] = []
        for path, label in listed:
            try:
                images[len(good) if self._fits(listed) else 0] = self._decoded(path)
                good.append((path, label))
            except DataError as error:
                bad.append(error.message)
        if len(bad) > max(1, len(listed) // 100) or not good:
            shown = "\n  ".join(bad[:10])
            command = shlex.join(["ganzoo", "data", "check", "folder", f"path={self.path}"])
            raise DataError(
                f"{len(bad)} of {len(listed)} images are bad, too many to skip (1 %):\n  {shown}\n"
                f"Mend or remove them; `{command}` lists all of them."
            )
        if self._fits(listed):
            self._images = images[: len(good)]
        return good, bad


def _colour(background: str | tuple[int, ...]) -> tuple[int, int, int]:
    """Errors: GanzooError when it is no opaque colour."""
    try:
        red, green, blue = ImageColor.getrgb(background) if isinstance(background, str) else background
    except ValueError:
        red = green = blue = -1
    if not all(0 <= part <= 255 for part in (red, green, blue)):
        example = '"white", "#ff8000" or [255, 128, 0]'
        raise GanzooError(f"dataset folder: background should be a colour like {example}, not {background!r}.")
    return red, green, blue
