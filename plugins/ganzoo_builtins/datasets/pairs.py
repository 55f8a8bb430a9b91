"""Your own pairs of images: a folder of inputs and a folder of targets."""

from __future__ import annotations

import hashlib
from functools import cached_property
from pathlib import Path
from typing import Literal

import torch
from pydantic import PositiveInt
from torch import Tensor

from ganzoo import Batch, DataError, Dataset, Spec
from ganzoo_builtins.datasets.files import image_files, outputs_remark
from ganzoo_builtins.datasets.folder import IN_MEMORY
from ganzoo_builtins.datasets.image_decoder import Fit, ImageDecoder
from ganzoo_builtins.datasets.paths import find_path, same_form

SIDES = ("a", "b")
WHITE, MEGAPIXELS = (255, 255, 255), 64


class Pairs(Dataset):
    """Inputs of a translator from the folder a, and targets from the folder b, paired by file name.

    a, b: uint8 (N, channels, size, size), in alphabetical order. Suffixes may differ: a/7.jpg belongs to b/7.png.
    Two images of one folder that differ in their suffix alone are an error, because only one could have the partner.
    Names are compared in Unicode's composed form. Images are decoded like those of `folder`.

    Args:
        path: The folder that contains a and b, relative to the current folder or to the data root.
        size: Side of the square that every image is brought to.
        channels: 3 for colour, 1 for grey.
        fit: "crop" cuts out the central square, "pad" adds white, "stretch" changes the aspect ratio.
    """

    def __init__(self, path: str, size: PositiveInt = 256, channels: Literal[1, 3] = 3, fit: Fit = "crop"):
        self.path = path
        self.spec = Spec((channels, size, size))
        self.decode = ImageDecoder(size, channels, fit, WHITE, MEGAPIXELS * 10**6)

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, i: int) -> Batch:
        if "_images" in self.__dict__:
            return {side: images[i] for side, images in self._images.items()}
        return {side: self.decode(path)[0] for side, path in zip(SIDES, self._files[i], strict=True)}

    def tensors(self) -> Batch | None:
        return self._images if 2 * len(self) * self.spec.size <= IN_MEMORY else None

    def fingerprint(self) -> str:
        """Add the name and size of every file to the digest of the base class."""
        digest = hashlib.sha256(super().fingerprint().encode())
        for path in (path for pair in self._files for path in pair):
            digest.update(f"{path.parent.name}/{path.name}\0{path.stat().st_size}\0".encode(errors="surrogateescape"))
        return digest.hexdigest()

    def remarks(self) -> list[str]:
        root = find_path(self.path, "folder")
        return [remark for side in SIDES for remark in outputs_remark(root / side)]

    @cached_property
    def _images(self) -> dict[str, Tensor]:
        """All images (N, C, H, W) of each side. Reading this raises DataError at the first bad one."""
        return {side: torch.stack([self.decode(pair[k])[0] for pair in self._files]) for k, side in enumerate(SIDES)}

    @cached_property
    def _files(self) -> list[tuple[Path, Path]]:
        """The pairs. Reading this raises DataError if a folder is missing, or an image without a partner exists."""
        root = find_path(self.path, "folder")
        sides: list[dict[Path, Path]] = []
        alike: list[str] = []
        for side in SIDES:
            if not (root / side).is_dir():
                raise DataError(f"{root} has no folder {side!r}. Put the inputs into a/ and the targets into b/.")
            named, more = _by_name(root / side, root)
            sides.append(named)
            alike += more
        if alike:
            raise DataError(
                f"{len(alike)} pictures below {root} have the name of another one, without suffix: "
                f"{'; '.join(alike[:3])}. Rename them and their partners, or remove them: pairs are found by that name."
            )
        a, b = sides
        if unpaired := [*(a.keys() - b.keys()), *(b.keys() - a.keys())]:
            raise DataError(
                f"{len(unpaired)} pictures below {root} have no partner, such as {min(unpaired)}. Put a "
                "picture of the same name into the other folder, or remove them."
            )
        if not a:
            raise DataError(f"no images in {root / 'a'}. Put some there, and their partners in {root / 'b'}.")
        return [(a[name], b[name]) for name in sorted(a)]


def _by_name(folder: Path, root: Path) -> tuple[dict[Path, Path], list[str]]:
    """Return the images in a folder by their path below it, without suffix, in Unicode's composed form.

    Then those that have the name of another one, as "a/0.jpg and a/0.png".
    """
    named: dict[Path, Path] = {}
    alike: list[str] = []
    for path in image_files(folder, root):
        name = Path(same_form(str(path.relative_to(folder).with_suffix(""))))
        if named.setdefault(name, path) != path:
            alike.append(f"{named[name].relative_to(root)} and {path.relative_to(root)}")
    return named, alike
