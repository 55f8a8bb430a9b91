"""Your own images, in a folder, in one subfolder per class, or in a zip file."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Literal

import torch
from pydantic import PositiveFloat, PositiveInt
from torch import Tensor

from ganzoo import DataError
from ganzoo_builtins.datasets import class_folders, label_file
from ganzoo_builtins.datasets.files import Listing, list_examples, outputs_remark
from ganzoo_builtins.datasets.image_conversions import Seen
from ganzoo_builtins.datasets.image_decoder import Bits, Fit, Traits
from ganzoo_builtins.datasets.left_alone import counted
from ganzoo_builtins.datasets.paths import find_path
from ganzoo_builtins.datasets.pictures import Pictures, decoder
from ganzoo_builtins.datasets.trees import Tree, tree_of


class Folder(Pictures):
    """The images below a folder or in a zip file, in alphabetical order; each subfolder is a class.

    x: uint8 (N, channels, H, W), or float32 with depth = "full"; y: int64 (N,), the index of the class.

    Images are shown as a viewer shows them: rotated according to EXIF, converted from their colour profile to sRGB, and
    scaled to 8 bits; of an animation the first frame is used. Hidden files and folders, files without an image suffix,
    and links to outside the folder are left alone, and counted.

    Args:
        path: The folder or zip file, relative to the current folder or to the data root.
        size: Side of the square that every image is brought to, or [height, width].
        channels: 3 for colour, 1 for grey, 4 and 2 for these with transparency; or the number of bands of TIFF files.
        fit: "crop" cuts out the centre, "pad" adds background, "resize" changes the aspect ratio.
        background: A colour, by name or as [red, green, blue]; also used for transparent pixels.
        bad_images: "error" stops at an image that cannot be read. "skip" leaves it out: all images are read once to
            find these, and more than 1 % of them (and more than one) is an error.
        max_megapixels: Larger images count as bad, and are not decoded.
        max_value: The number that is white, where it is less than the files declare: 1 for masks of 0 and 1, 4095 for
            12 bits in files of 16. Larger numbers become white, too. Without it, the files are believed.
        labels: "auto" reads dataset.json, metadata.jsonl, metadata.csv or labels.csv where one lies in the folder, and
            otherwise takes subfolders for classes; "folders" takes subfolders always, "none" has no classes.
        depth: "8" for what a viewer shows. "full" for the numbers of the files in [-1, 1], of 16 bits and floats
            without loss; colour profiles are not used. TIFF files, and PNG files of 16 bits a colour, then need the
            extra `depth`.
        min_value: The number that is black, with depth = "full"; by default 0.
        cache: Keep decoded pictures on disk, in the cache folder, so that each is decoded once.
    """

    def __init__(
        self,
        path: str,
        size: PositiveInt | tuple[PositiveInt, PositiveInt] = 64,
        channels: PositiveInt = 3,
        fit: Fit = "crop",
        background: str | tuple[int, int, int] = "white",
        bad_images: Literal["error", "skip"] = "error",
        max_megapixels: PositiveInt = 64,
        max_value: PositiveFloat | None = None,
        labels: Literal["auto", "folders", "none"] = "auto",
        depth: Bits = "8",
        min_value: float | None = None,
        cache: bool = False,
    ):
        remedy = 'Mend it, remove it, or set bad_images = "skip".' if bad_images == "error" else "Mend it or remove it."
        super().__init__(
            decoder("folder", size, channels, fit, background, depth, min_value, max_value, max_megapixels, remedy),
            cache,
        )
        self.path = path
        self.bad_images = bad_images
        self.max_megapixels = max_megapixels
        self.labels = labels

    @cached_property
    def tree(self) -> Tree:
        """The files. Reading this raises DataError when there are none."""
        return tree_of(find_path(self.path, "pictures"))

    @cached_property
    def class_names(self) -> tuple[str, ...]:  # type: ignore[override]  # known once the folder is listed
        if self.labels == "none":
            return ()
        return tuple(self._by_file[1]) if self._label_file else tuple(class_folders.class_names(self.tree))

    def __len__(self) -> int:
        return len(self._examples.names)

    def example_name(self, i: int) -> str:
        return self._examples.names[i]

    def shown(self, i: int) -> str:
        return self.tree.shown(self.example_name(i))

    def source(self, i: int) -> Path | bytes:
        return self.tree.source(self.example_name(i))

    def all_labels(self) -> Tensor | None:
        return torch.tensor(self._examples.labels) if self.class_names else None

    def stamps(self) -> Iterator[str]:
        for name in self._examples.names:
            yield name
            yield self.tree.stamp(name)
        if self._label_file:
            yield str(self._examples.labels)

    def remarks(self) -> list[str]:
        """Return what was left alone and merged; and once all images were decoded, what was converted and skipped."""
        files = self._examples.names
        bad = len(self._opened[1])
        left = self._listed.left.remark(len(files) + bad)
        remarks = [*outputs_remark(self.tree), *left]
        remarks += class_folders.remarks(self.tree, [] if self._label_file else self.class_names, files)
        remarks += super().remarks()
        if bad:
            remarks.append(counted(bad, len(files) + bad, "picture", "cannot be read and {were} skipped"))
        return remarks

    @property
    def _examples(self) -> Listing:
        """The image files that can be read, with their labels."""
        return self._opened[0]

    @cached_property
    def _label_file(self) -> str:
        """Name of the file of labels, or "" if there is none."""
        return label_file.label_file(self.tree) if self.labels == "auto" else ""

    @cached_property
    def _by_file(self) -> tuple[list[int], list[str]]:
        """The label of each listed file by the label file, and the names of the classes; neither if it holds none."""
        labels = label_file.read_labels(self.tree, self._label_file)
        shown = self.tree.shown(self._label_file)
        return label_file.match(self._listed.names, labels, shown) if labels else ([], [])

    @cached_property
    def _listed(self) -> Listing:
        """All image files with their labels, and the count of other files."""
        return list_examples(self.tree, () if self._label_file else self.class_names, self._label_file)

    @cached_property
    def _opened(self) -> tuple[Listing, list[str]]:
        """The good examples, and the error of each bad one. With bad_images = "error", none was read yet."""
        listed = self._listed
        labels = self._by_file[0] if self._label_file else listed.labels
        if self.bad_images == "error":
            return Listing(listed.names, labels), []
        fits = self._fits(len(listed.names))
        images = torch.empty(len(listed.names) if fits else 1, *self.decode.shape, dtype=self.decode.dtype)
        good = Listing()
        seen: list[Traits] = []
        bad: list[str] = []
        for i, name in enumerate(listed.names):
            try:
                x, traits = self.decode(self.tree.source(name), self.tree.shown(name))
            except DataError as error:
                bad.append(error.message)
                continue
            images[len(good.names) if fits else 0] = x
            good.names.append(name)
            good.labels.extend(labels[i : i + 1])
            seen.append(traits)
        self._check_bad(bad, len(listed.names))
        self._seen = Seen(len(good.names))
        for i, (name, traits) in enumerate(zip(good.names, seen, strict=True)):
            self._seen.add(i, name, traits)
        if fits:
            self._images = images[: len(good.names)]
        return good, bad

    def _check_bad(self, bad: list[str], number: int) -> None:
        """Raise DataError if too many images are bad."""
        if len(bad) <= max(1, number // 100) and len(bad) < number:
            return
        shown = "\n  ".join(bad[:10])
        limit = f"max_megapixels={self.max_megapixels}"
        command = shlex.join(["ganzoo", "data", "check", "folder", f"path={self.path}", limit])
        raise DataError(
            f"{len(bad)} of {number} images are bad, too many to skip (1 %):\n  {shown}\n"
            f"Mend or remove them; `{command}` lists all of them."
        )
