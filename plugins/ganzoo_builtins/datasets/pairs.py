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
from ganzoo_builtins.datasets.files import image_files, no_images, outputs_remark, subfolders
from ganzoo_builtins.datasets.folder import IN_MEMORY
from ganzoo_builtins.datasets.image_conversions import conversions
from ganzoo_builtins.datasets.image_decoder import Fit, ImageDecoder, Traits
from ganzoo_builtins.datasets.left_alone import LeftAlone
from ganzoo_builtins.datasets.paths import find_path, same_form

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
        size: Side of the square that every image is brought to.
        channels: 3 for colour, 1 for grey.
        fit: "crop" cuts out the central square, "pad" adds white, "stretch" changes the aspect ratio.
        input_size: Side of the inputs; by default that of the targets.
        input_channels: Channels of the inputs; by default those of the targets.
    """

    def __init__(
        self,
        path: str,
        size: PositiveInt = 256,
        channels: Literal[1, 3] = 3,
        fit: Fit = "crop",
        input_size: PositiveInt | None = None,
        input_channels: Literal[1, 3] | None = None,
    ):
        self.path = path
        shapes = (input_channels or channels, input_size or size, input_size or size), (channels, size, size)
        self.spec = Spec(shapes[1], source_shape=shapes[0])
        self.decoders = {
            side: ImageDecoder(shape[1], shape[0], fit, WHITE, MEGAPIXELS * 10**6)
            for side, shape in zip(SIDES, shapes, strict=True)
        }

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, i: int) -> Batch:
        if "_images" in self.__dict__:
            return {side: images[i] for side, images in self._images.items()}
        return {side: self._decoded(side, path) for side, path in zip(SIDES, self._files[i], strict=True)}

    def tensors(self) -> Batch | None:
        return self._images if len(self) * (self.spec.size + self.spec.source.size) <= IN_MEMORY else None

    def fingerprint(self) -> str:
        """Add the name and size of every file to the digest of the base class."""
        digest = hashlib.sha256(super().fingerprint().encode())
        for path in (path for pair in self._files for path in pair):
            digest.update(f"{path.parent.name}/{path.name}\0{path.stat().st_size}\0".encode(errors="surrogateescape"))
        return digest.hexdigest()

    def remarks(self) -> list[str]:
        """Return what was left alone; and once all images were decoded, what was converted."""
        root = find_path(self.path, "folder")
        remarks = [remark for side in SIDES for remark in outputs_remark(root / side)]
        remarks += self._listed[1].remark(2 * len(self))
        if len(self._seen) == 2 * len(self):
            for k, spec in enumerate((self.spec.source, self.spec)):
                seen = {pair[k]: self._seen[pair[k]] for pair in self._files}
                remarks += [remark for remark in conversions(seen, spec.shape[0]) if remark not in remarks]
        return remarks

    @cached_property
    def _seen(self) -> dict[Path, Traits]:
        """Traits of the images that this process has decoded."""
        return {}

    def _decoded(self, side: str, path: Path) -> Tensor:
        x, self._seen[path] = self.decoders[side](path)
        return x

    @cached_property
    def _images(self) -> dict[str, Tensor]:
        """All images (N, C, H, W) of each side. Reading this raises DataError at the first bad one."""
        return {
            side: torch.stack([self._decoded(side, pair[k]) for pair in self._files]) for k, side in enumerate(SIDES)
        }

    @property
    def _files(self) -> list[tuple[Path, Path]]:
        """The pairs."""
        return self._listed[0]

    @cached_property
    def _listed(self) -> tuple[list[tuple[Path, Path]], LeftAlone]:
        """The pairs, and the count of other files.

        Reading this raises DataError if a folder is missing, or an image without a partner exists.
        """
        root = find_path(self.path, "folder")
        left = LeftAlone()
        sides: list[dict[Path, Path]] = []
        alike: list[str] = []
        for side in SIDES:
            if not (root / side).is_dir():
                raise DataError(f"{root} has no folder {side!r}. {_remedy(root)}")
            named, more = _by_name(root / side, root, left)
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
            raise no_images(root / "a", left, f", and their partners in {root / 'b'}.")
        return [(a[name], b[name]) for name in sorted(a)], left


def _pictures(number: int) -> str:
    """Return "1 picture has" or "2 pictures have"."""
    return "1 picture has" if number == 1 else f"{number:,} pictures have"


def _by_name(folder: Path, root: Path, left: LeftAlone) -> tuple[dict[Path, Path], list[str]]:
    """Return the images in a folder by their path below it, without suffix, in Unicode's composed form.

    Then those that have the name of another one, as "a/0.jpg and a/0.png".
    """
    named: dict[Path, Path] = {}
    alike: list[str] = []
    for path in image_files(folder, root, left):
        name = Path(same_form(str(path.relative_to(folder).with_suffix(""))))
        if named.setdefault(name, path) != path:
            alike.append(f"{named[name].relative_to(root)} and {path.relative_to(root)}")
    return named, alike


def _remedy(root: Path) -> str:
    """Return what to do about a folder without the folders of both sides."""
    for part in subfolders(root, root):
        if all((root / part / side).is_dir() for side in SIDES):
            return f"Set path to a folder inside that has both, such as {root / part}."
    return "Put the inputs into a/ and the targets into b/."
