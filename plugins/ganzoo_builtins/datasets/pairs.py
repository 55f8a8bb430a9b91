"""Your own pairs of images: a folder of inputs and a folder of targets."""

from __future__ import annotations

import hashlib
from functools import cached_property
from typing import Literal

import torch
from pydantic import PositiveInt
from torch import Tensor

from ganzoo import Batch, DataError, Dataset, Spec
from ganzoo_builtins.datasets.files import image_files, no_images, outputs_remark, subfolders
from ganzoo_builtins.datasets.image_conversions import Seen, conversions
from ganzoo_builtins.datasets.image_decoder import Fit, ImageDecoder
from ganzoo_builtins.datasets.left_alone import LeftAlone
from ganzoo_builtins.datasets.paths import find_path, same_form
from ganzoo_builtins.datasets.pictures import IN_MEMORY, Size
from ganzoo_builtins.datasets.trees import FolderTree

SIDES = ("a", "b")
WHITE, MEGAPIXELS = (255, 255, 255), 64


class Pairs(Dataset):
    """Inputs of a translator from the folder a, and targets from the folder b, paired by file name.

    b: uint8 (N, channels, size, size), in alphabetical order; a: likewise, or of its own size and channels. Suffixes
    may differ: a/7.jpg belongs to b/7.png. Two images of one folder that differ in their suffix alone are an error,
    because only one could have the partner. Names are compared in Unicode's composed form. Images are decoded like
    those of `folder`.

    Args:
        path: The folder that contains a and b, relative to the current folder or to the data root.
        size: Side of the square that every image is brought to, or [height, width].
        channels: 3 for colour, 1 for grey.
        fit: "crop" cuts out the centre, "pad" adds white, "resize" changes the aspect ratio.
        input_size: Size of the inputs; by default that of the targets.
        input_channels: Channels of the inputs; by default those of the targets.
    """

    def __init__(
        self,
        path: str,
        size: PositiveInt | tuple[PositiveInt, PositiveInt] = 256,
        channels: Literal[1, 3] = 3,
        fit: Fit = "crop",
        input_size: PositiveInt | tuple[PositiveInt, PositiveInt] | None = None,
        input_channels: Literal[1, 3] | None = None,
    ):
        self.path = path
        settings: list[tuple[Size, int]] = [(input_size or size, input_channels or channels), (size, channels)]
        self.decoders = {
            side: ImageDecoder(*each, fit, WHITE, MEGAPIXELS * 10**6)
            for side, each in zip(SIDES, settings, strict=True)
        }
        self.spec = Spec(self.decoders["b"].shape, source_shape=self.decoders["a"].shape)

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, i: int) -> Batch:
        if "_images" in self.__dict__:
            return {side: images[i] for side, images in self._images.items()}
        return {side: self._decoded(side, i) for side in SIDES}

    def example_name(self, i: int) -> str:
        return self._files[i][1]

    def tensors(self) -> Batch | None:
        return self._images if len(self) * (self.spec.size + self.spec.source.size) <= IN_MEMORY else None

    def fingerprint(self) -> str:
        """Add the name and size of every file to the digest of the base class."""
        digest = hashlib.sha256(super().fingerprint().encode())
        for name in (name for pair in self._files for name in pair):
            digest.update(f"{name}\0{self._tree.stamp(name)}\0".encode(errors="surrogateescape"))
        return digest.hexdigest()

    def remarks(self) -> list[str]:
        """Return what was left alone; and once all images were decoded, what was converted."""
        listed = self._listed[1].remark(2 * len(self))
        remarks = [*outputs_remark(self._tree), *listed]
        if all(seen.complete for seen in self._seen.values()):
            for side, seen in self._seen.items():
                such = conversions(seen, self.decoders[side].channels)
                remarks += [remark for remark in such if remark not in remarks]
        return remarks

    @cached_property
    def _tree(self) -> FolderTree:
        return FolderTree(find_path(self.path, "folder"))

    @cached_property
    def _seen(self) -> dict[str, Seen]:
        """Properties of the images that this process has decoded."""
        return {side: Seen(len(self)) for side in SIDES}

    def _decoded(self, side: str, i: int) -> Tensor:
        name = self._files[i][SIDES.index(side)]
        x, traits = self.decoders[side](self._tree.source(name))
        self._seen[side].add(i, name, traits)
        return x

    @cached_property
    def _images(self) -> dict[str, Tensor]:
        """All images (N, C, H, W) of each side. Reading this raises DataError at the first bad one."""
        return {side: torch.stack([self._decoded(side, i) for i in range(len(self))]) for side in SIDES}

    @property
    def _files(self) -> list[tuple[str, str]]:
        """The pairs."""
        return self._listed[0]

    @cached_property
    def _listed(self) -> tuple[list[tuple[str, str]], LeftAlone]:
        """The pairs, and the count of other files.

        Reading this raises DataError if a folder is missing, or an image without a partner exists.
        """
        root = self._tree.place
        left = LeftAlone()
        sides: list[dict[str, str]] = []
        alike: list[str] = []
        for side in SIDES:
            if not (root / side).is_dir():
                raise DataError(f"{root} has no folder {side!r}. {_remedy(self._tree)}")
            named, more = _by_name(self._tree, side, left)
            sides.append(named)
            alike += more
        if alike:
            raise DataError(
                f"{_pictures(len(alike))} the name of another one in {root}, without suffix: "
                f"{'; '.join(alike[:3])}. Rename them and their partners, or remove them: pairs are found by that name."
            )
        a, b = sides
        if unpaired := [*(a.keys() - b.keys()), *(b.keys() - a.keys())]:
            alone = f" ({left} left alone)" if left.number else ""
            raise DataError(
                f"{_pictures(len(unpaired))} no partner in {root}, such as {min(unpaired)}{alone}. Put a picture of "
                "the same name into the other folder, or remove those without."
            )
        if not a:
            raise no_images(str(root / "a"), left, f", and their partners in {root / 'b'}.")
        return [(a[name], b[name]) for name in sorted(a)], left


def _pictures(number: int) -> str:
    """Return "1 picture has" or "2 pictures have"."""
    return "1 picture has" if number == 1 else f"{number:,} pictures have"


def _by_name(tree: FolderTree, folder: str, left: LeftAlone) -> tuple[dict[str, str], list[str]]:
    """Return the images in a folder by their path below it, without suffix, in Unicode's composed form.

    Then those that have the name of another one, as "a/0.jpg and a/0.png".
    """
    named: dict[str, str] = {}
    alike: list[str] = []
    for path in image_files(tree, folder, left):
        name = same_form(path.removeprefix(f"{folder}/").rpartition(".")[0])
        if named.setdefault(name, path) != path:
            alike.append(f"{named[name]} and {path}")
    return named, alike


def _remedy(tree: FolderTree) -> str:
    """Return what to do about a folder without the folders of both sides."""
    for part in subfolders(tree):
        if all((tree.place / part / side).is_dir() for side in SIDES):
            return f"Set path to a folder inside that has both, such as {tree.place / part}."
    return "Put the inputs into a/ and the targets into b/."
