"""Your own images: a folder of pictures, or of one folder per class."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Literal

import torch
from PIL import ImageColor
from pydantic import PositiveInt
from torch import Tensor

from ganzoo.errors import DataError, GanzooError
from ganzoo.interfaces import Batch, Dataset, Spec
from ganzoo.sources import data_root
from ganzoo_builtins.datasets.decode import SUFFIXES, Decoder, Fit

IN_MEMORY = 2**30  # bytes of decoded images that are kept; more are decoded each time they are asked for
HIDDEN = ("@eaDir", "__MACOSX")  # besides .names: what a NAS and a Mac leave behind

Example = tuple[Path, int]
"""An image file and its label."""


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
        self.decode = Decoder(size, channels, fit, _colour(background), max_megapixels * 10**6)

    @cached_property
    def root(self) -> Path:
        """The folder. Errors: DataError when there is none."""
        return find(self.path, "folder")

    @cached_property
    def class_names(self) -> tuple[str, ...]:  # type: ignore[override]  # known once the folder is listed
        return tuple(path.name for path in _visible(self.root) if path.is_dir() and not path.is_symlink())

    @cached_property
    def spec(self) -> Spec:  # type: ignore[override]
        return Spec(self.shape, classes=len(self.class_names))

    def __len__(self) -> int:
        return len(self._opened[0])

    def __getitem__(self, i: int) -> Batch:
        examples, images = self._opened
        path, label = examples[i]
        x = self.decode(path) if images is None else images[i]
        return {"x": x, "y": torch.tensor(label)} if self.class_names else {"x": x}

    def tensors(self) -> Batch | None:
        examples, images = self._opened
        if images is None:
            return None
        return {"x": images, "y": torch.tensor([y for _, y in examples])} if self.class_names else {"x": images}

    @cached_property
    def _opened(self) -> tuple[list[Example], Tensor | None]:
        """The examples that count from now on, and their images (N, C, H, W) if they fit in memory."""
        listed = self._listed()
        fits = len(listed) * self.spec.size <= IN_MEMORY
        if self.bad_images == "error" and not fits:
            return listed, None
        images = torch.empty(len(listed) if fits else 1, *self.shape, dtype=torch.uint8)
        good: list[Example] = []
        bad: list[str] = []
        for path, label in listed:
            try:
                images[len(good) if fits else 0] = self.decode(path)
                good.append((path, label))
            except DataError as error:
                if self.bad_images == "error":
                    raise
                bad.append(error.message)
        if len(bad) > max(1, len(listed) // 100) or not good:
            shown = "\n  ".join(bad[:10])
            raise DataError(f"{len(bad)} of {len(listed)} images are bad, too many to skip (1 %):\n  {shown}")
        return good, images[: len(good)] if fits else None

    def _listed(self) -> list[Example]:
        """Every image file with its label. Errors: DataError when there are none, or none of a class."""
        classes = [self.root / name for name in self.class_names] or [self.root]
        if self.class_names and (loose := [path for path in _visible(self.root) if _is_image(path)]):
            raise DataError(f"{loose[0]} lies beside folders of classes. Move it into one of them.")
        examples: list[Example] = []
        for label, folder in enumerate(classes):
            members = [(path, label) for path in self._images_in(folder)]
            if not members:
                remedy = f"Put some there ({', '.join(SUFFIXES)})" + (", or remove it." if self.class_names else ".")
                raise DataError(f"no images in {folder}. {remedy}")
            examples += members
        return examples

    def _images_in(self, folder: Path) -> Iterator[Path]:
        """Image files in a folder and in the folders inside it, none of them outside the root."""
        for path in _visible(folder):
            if path.is_dir() and not path.is_symlink():
                yield from self._images_in(path)
            elif _is_image(path) and path.resolve().is_relative_to(self.root.resolve()):
                yield path


def find(path: str, what: Literal["folder", "file"]) -> Path:
    """A path of the user's: from the current folder, or else from the data root. Errors: DataError when absent."""
    given = Path(path).expanduser()
    for place in (given, data_root() / given):
        if place.is_dir() if what == "folder" else place.is_file():
            return place
    raise DataError(f"no {what} {path!r}, neither from {Path.cwd()} nor from {data_root()}. Set path to where it is.")


def _visible(folder: Path) -> list[Path]:
    """What a folder holds, in alphabetical order, without hidden things."""
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith(".") and path.name not in HIDDEN)
    except OSError as error:
        raise DataError(f"cannot list {folder}: {error.strerror}. Change its permissions, or remove it.") from error


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and path.is_file()


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
