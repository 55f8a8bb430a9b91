"""Your own images, in a folder or in one subfolder per class."""

from __future__ import annotations

import hashlib
import shlex
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Literal

import torch
from PIL import ImageColor
from pydantic import PositiveInt
from torch import Tensor

from ganzoo import Batch, DataError, Dataset, GanzooError, Spec
from ganzoo_builtins.datasets import class_folders
from ganzoo_builtins.datasets.files import Example, list_examples, outputs_remark
from ganzoo_builtins.datasets.image_conversions import conversions, dark
from ganzoo_builtins.datasets.image_decoder import Fit, ImageDecoder, Traits
from ganzoo_builtins.datasets.left_alone import LeftAlone, counted
from ganzoo_builtins.datasets.paths import find_path

IN_MEMORY = 2**30  # bytes of decoded images that stay in memory; the images of a larger set are decoded every time


class Folder(Dataset):
    """The images below a folder, in alphabetical order; each subfolder is a class.

    x: uint8 (N, channels, size, size); y: int64 (N,), the index of the subfolder.

    Images are shown as a viewer shows them: rotated according to EXIF, converted from their colour profile to sRGB, and
    scaled to 8 bits; of an animation the first frame is used. Hidden files and folders, files without an image suffix,
    and links to outside the folder are left alone, and counted.

    Args:
        path: The folder, relative to the current folder or to the data root.
        size: Side of the square that every image is brought to.
        channels: 3 for colour, 1 for grey.
        fit: "crop" cuts out the central square, "pad" adds background, "stretch" changes the aspect ratio.
        background: A colour, by name or as [red, green, blue]; also used for transparent pixels.
        bad_images: "error" stops at an image that cannot be read. "skip" leaves it out: all images are read once to
            find these, and more than 1 % of them (and more than one) is an error.
        max_megapixels: Larger images count as bad, and are not decoded.
        max_value: The number that is white, where it is less than the files declare: 1 for masks of 0 and 1, 4095 for
            12 bits in files of 16. Larger numbers become white, too. Without it, the files are believed.

    Raises:
        GanzooError: `background` is no colour.
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
        max_value: PositiveInt | None = None,
    ):
        self.path = path
        self.bad_images = bad_images
        self.shape = (channels, size, size)
        self.max_megapixels = max_megapixels
        self.max_value = max_value
        remedy = 'Mend it, remove it, or set bad_images = "skip".' if bad_images == "error" else "Mend it or remove it."
        pixels = max_megapixels * 10**6
        self.decode = ImageDecoder(size, channels, fit, _colour(background), pixels, max_value, remedy)

    @cached_property
    def root(self) -> Path:
        """The folder. Reading this raises DataError when there is none."""
        return find_path(self.path, "folder")

    @cached_property
    def class_names(self) -> tuple[str, ...]:  # type: ignore[override]  # known once the folder is listed
        return tuple(class_folders.class_names(self.root))

    @cached_property
    def spec(self) -> Spec:  # type: ignore[override]
        return Spec(self.shape, classes=len(self.class_names))

    def __len__(self) -> int:
        return len(self._examples)

    def __getitem__(self, i: int) -> Batch:
        path, label = self._examples[i]
        x = self._images[i] if "_images" in self.__dict__ else self._decoded(path)
        return {"x": x, "y": torch.tensor(label)} if self.class_names else {"x": x}

    def example_name(self, i: int) -> str:
        return self._examples[i][0].relative_to(self.root).as_posix()

    def tensors(self) -> Batch | None:
        if not self._fits(self._examples):
            return None
        return {"x": self._images, "y": self.all_labels()} if self.class_names else {"x": self._images}

    def all_labels(self) -> Tensor:
        return torch.tensor([label for _, label in self._examples])

    def fingerprint(self) -> str:
        """Add the name and size of every file to the digest of the base class."""
        digest = hashlib.sha256(super().fingerprint().encode())
        for path, _ in self._examples:
            digest.update(f"{path.relative_to(self.root)}\0{path.stat().st_size}\0".encode(errors="surrogateescape"))
        return digest.hexdigest()

    def whole_picture(self, i: int) -> Tensor:
        return replace(self.decode, fit="none")(self._examples[i][0])[0]

    def original_sizes(self) -> list[tuple[int, int]]:
        return [(traits.height, traits.width) for traits in self._seen.values()]

    def remarks(self) -> list[str]:
        """Return what was left alone and merged; and once all images were decoded, what was converted and skipped."""
        files = [path for path, _ in self._examples]
        bad = len(self._opened[1])
        remarks = [*self._outputs, *self._listed[1].remark(len(files) + bad)]
        remarks += class_folders.remarks(self.root, self.class_names, files)
        if len(self._seen) == len(files):
            remarks += conversions(self._seen, self.shape[0])
            remarks += [] if self.max_value else dark(self._seen.values())
        if bad:
            remarks.append(counted(bad, len(files) + bad, "picture", "cannot be read and {were} skipped"))
        return remarks

    @cached_property
    def _outputs(self) -> list[str]:
        """A remark about outputs of ganzoo below the folder, which are left out; or nothing."""
        return outputs_remark(self.root)

    @cached_property
    def _seen(self) -> dict[Path, Traits]:
        """Traits of the images that this process has decoded."""
        return {}

    def _decoded(self, path: Path) -> Tensor:
        x, self._seen[path] = self.decode(path)
        return x

    def _fits(self, examples: list[Example]) -> bool:
        return len(examples) * self.spec.size <= IN_MEMORY

    @property
    def _examples(self) -> list[Example]:
        """The image files that can be read, with their labels."""
        return self._opened[0]

    @cached_property
    def _listed(self) -> tuple[list[Example], LeftAlone]:
        """All image files with their labels, and the count of other files."""
        return list_examples(self.root, self.class_names)

    @cached_property
    def _images(self) -> Tensor:
        """All images (N, C, H, W). Reading this raises DataError at the first bad one."""
        images = torch.empty(len(self._examples), *self.shape, dtype=torch.uint8)
        for i, (path, _) in enumerate(self._examples):
            images[i] = self._decoded(path)
        return images

    @cached_property
    def _opened(self) -> tuple[list[Example], list[str]]:
        """The good examples, and the error of each bad one. With bad_images = "error", none was read yet."""
        listed = self._listed[0]
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
            limit = f"max_megapixels={self.max_megapixels}"
            command = shlex.join(["ganzoo", "data", "check", "folder", f"path={self.path}", limit])
            raise DataError(
                f"{len(bad)} of {len(listed)} images are bad, too many to skip (1 %):\n  {shown}\n"
                f"Mend or remove them; `{command}` lists all of them."
            )
        if self._fits(listed):
            self._images = images[: len(good)]
        return good, bad


def _colour(background: str | tuple[int, ...]) -> tuple[int, int, int]:
    """Return the colour as (red, green, blue)."""
    try:
        red, green, blue = ImageColor.getrgb(background) if isinstance(background, str) else background
    except ValueError:
        red = green = blue = -1
    if not all(0 <= part <= 255 for part in (red, green, blue)):
        example = '"white", "#ff8000" or [255, 128, 0]'
        raise GanzooError(f"dataset folder: background should be a colour like {example}, not {background!r}.")
    return red, green, blue
