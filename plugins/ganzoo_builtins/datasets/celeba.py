"""CelebA: faces of celebrities, 178x218, with 40 attributes; read from the published zip file, or unpacked."""

from __future__ import annotations

import hashlib
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from ganzoo import Batch, DataError, IncompatibleError, Source, Spec, did_you_mean, find_data
from ganzoo_builtins.datasets.image_archive import ImageArchive
from ganzoo_builtins.datasets.images import centre_crop, resize
from ganzoo_builtins.datasets.published import PublishedDataset

WIDTH, HEIGHT = 178, 218
IMAGES, FOLDER = "celeba/img_align_celeba.zip", "celeba/img_align_celeba"
ATTRIBUTES, PARTITION = "celeba/list_attr_celeba.txt", "celeba/list_eval_partition.txt"
PARTS = ("train", "valid", "test")
IN_MEMORY = 2**28  # bytes; the images of a larger set are decoded as they are needed
MOST_ATTRIBUTES = 10  # 1,024 classes
SEPARATORS = str.maketrans(',;"', "   ")  # of columns


class CelebA(PublishedDataset):
    """Aligned faces: 162,770 for training, 19,867 for validation, 19,962 for testing.

    For non-commercial research. Source: Liu et al. (2015), mmlab.ie.cuhk.edu.hk/projects/CelebA.html.

    Args:
        split: "train", "valid", "test", or "all" of them.
        attributes: k names make 2**k classes; the first name is the most significant bit. ["Male", "Smiling"] makes
            "not Male, not Smiling", "not Male, Smiling", "Male, not Smiling" and "Male, Smiling". At most 10.
        crop: Side of the central square that is cut out, at most 178. Papers use 178, 160, 148, 128 or 108; scores
            with different crops cannot be compared.
        size: Side of the square that the crop is resized to.

    Raises:
        IncompatibleError: There is no such attribute, or a setting is out of range.
    """

    name = "celeba"
    split_setting = ("split", "train", "test")

    def __init__(
        self,
        split: Literal["train", "valid", "test", "all"] = "train",
        attributes: list[str] | None = None,
        crop: int = 178,
        size: int = 64,
    ):
        self.split = split
        self.attributes = attributes or []
        self.crop = crop
        self.size = size
        _check(self.attributes, crop, size)
        if self.attributes:
            choices = product(*((f"not {name}", name) for name in self.attributes))
            self.class_names = tuple(", ".join(choice) for choice in choices)
        self.spec = Spec((3, size, size), classes=len(self.class_names))

    def sources(self) -> list[Source]:
        sources = [Source(IMAGES, (_drive("0B7EVK8r0v71pZjFTYXZWM3FlRnM"),), IMAGES_MD5, instead=(FOLDER,))]
        if self.attributes:
            address = _drive("0B7EVK8r0v71pblRyaVFSWGxPY0U")
            sources.append(Source(ATTRIBUTES, (address,), ATTRIBUTES_MD5, instead=(_as_csv(ATTRIBUTES),)))
        if self.split != "all":
            address = _drive("0B7EVK8r0v71pY0NSMzRuSXJEVkk")
            sources.append(Source(PARTITION, (address,), PARTITION_MD5, instead=(_as_csv(PARTITION),)))
        return sources

    def missing_files(self) -> DataError:
        """Add to the error for missing files that images alone are enough for all of them as one split."""
        error = super().missing_files()
        if self.split == "all" or self.attributes or not find_data(IMAGES, FOLDER):
            return error
        return DataError(f'{error.message}\nOr set split = "all", which needs no such table.')

    @cached_property
    def _archive(self) -> ImageArchive:
        return ImageArchive(self.find_file(IMAGES, FOLDER), WIDTH, HEIGHT)

    @cached_property
    def _names(self) -> list[str]:
        names = self._archive.names
        if self.split != "all":
            part = str(PARTS.index(self.split))
            members = {name for name, (value, *_) in self._table(PARTITION).items() if value == part}
            names = [name for name in names if name in members]
        if not names:
            raise DataError(f"celeba: {self._reason_for_none()}")
        return names

    def _reason_for_none(self) -> str:
        """Return why there is no image, and what to do."""
        archive = self._archive
        if archive.names:
            return (
                f"none of the {len(archive.names):,} images in {archive.path} belongs to the split {self.split!r} by "
                f'{self._table_file(PARTITION)}. Fetch the published files again, or set split = "all".'
            )
        suffixes = sorted({path.suffix for path in archive.path.rglob("*.*")}) if archive.path.is_dir() else []
        there = f", only files that end in {', '.join(suffixes[:5])}" if suffixes else ""
        return (
            f"{archive.path} holds no image that ends in .jpg{there}. Put the aligned JPEG images there, those of "
            "img_align_celeba.zip."
        )

    @cached_property
    def _labels(self) -> Tensor:
        table = self._table(ATTRIBUTES)
        columns = [ALL_ATTRIBUTES.index(name) for name in self.attributes]
        try:
            return torch.tensor([_class([table[name][column] for column in columns]) for name in self._names])
        except (KeyError, IndexError) as error:
            raise DataError(
                f"{self._table_file(ATTRIBUTES)} is damaged: no attributes of {error}. Delete it and fetch it again."
            ) from error

    def _table(self, path: str) -> dict[str, list[str]]:
        """Return the columns of lines such as "000001.jpg -1 1 1" by file name; other lines are ignored.

        Columns may be separated by commas or semicolons, and be quoted: tables are published as CSV, too.
        """
        lines = self._table_file(path).read_text(errors="replace").splitlines()
        rows = (line.translate(SEPARATORS).split() for line in lines)
        return {row[0]: row[1:] for row in rows if len(row) > 1 and row[0].endswith(".jpg")}

    def _table_file(self, path: str) -> Path:
        return self.find_file(path, _as_csv(path))

    def all_labels(self) -> Tensor | None:
        return self._labels if self.attributes else None

    def fingerprint(self) -> str:
        """Add the name, size and checksum of every image to the digest of the base class."""
        return hashlib.sha256((super().fingerprint() + self._archive.fingerprint()).encode()).hexdigest()

    def tensors(self) -> Batch | None:
        return None if len(self) * self.spec.size > IN_MEMORY else self._content

    @cached_property
    def _content(self) -> Batch:
        examples = [self[i] for i in range(len(self))]
        return {key: torch.stack([example[key] for example in examples]) for key in examples[0]}

    def __len__(self) -> int:
        return len(self._names)

    def __getitem__(self, i: int) -> Batch:
        image = self._archive.read(self._names[i])
        x = resize(centre_crop(image, self.crop, self.crop)[None], self.size)[0]
        return {"x": x, "y": self._labels[i]} if self.attributes else {"x": x}


def _check(attributes: list[str], crop: int, size: int) -> None:
    for name in attributes:
        if name not in ALL_ATTRIBUTES:
            raise IncompatibleError(
                f"celeba has no attribute {name!r}.{did_you_mean(name, ALL_ATTRIBUTES)} "
                f"It has: {', '.join(ALL_ATTRIBUTES)}."
            )
    if len(set(attributes)) < len(attributes) or len(attributes) > MOST_ATTRIBUTES:
        raise IncompatibleError(f"celeba: attributes = {attributes}: name each once, and at most {MOST_ATTRIBUTES}.")
    if not 1 <= crop <= WIDTH or size < 1:
        raise IncompatibleError(f"celeba: crop = {crop}, size = {size}: set crop to 1..{WIDTH} and size to 1 or more.")


def _as_csv(path: str) -> str:
    """Return the name that a table has where it is published as CSV."""
    return path.removesuffix(".txt") + ".csv"


def _class(values: list[str]) -> int:
    """Return the class of attribute values "1" and "-1": they are the digits 1 and 0 of a binary number."""
    return int("".join("1" if value == "1" else "0" for value in values), 2)


def _drive(file_id: str) -> str:
    return f"https://drive.google.com/uc?id={file_id}"


IMAGES_MD5 = "00d2c5bc6d35e252742224ab0c1e8fcb"
ATTRIBUTES_MD5 = "75e246fa4810816ffd6ee81facbd244c"
PARTITION_MD5 = "d32c9cbf5e040fd4025c592c306e6668"
ALL_ATTRIBUTES = (
    *("5_o_Clock_Shadow", "Arched_Eyebrows", "Attractive", "Bags_Under_Eyes", "Bald", "Bangs", "Big_Lips", "Big_Nose"),
    *("Black_Hair", "Blond_Hair", "Blurry", "Brown_Hair", "Bushy_Eyebrows", "Chubby", "Double_Chin", "Eyeglasses"),
    *("Goatee", "Gray_Hair", "Heavy_Makeup", "High_Cheekbones", "Male", "Mouth_Slightly_Open", "Mustache"),
    *("Narrow_Eyes", "No_Beard", "Oval_Face", "Pale_Skin", "Pointy_Nose", "Receding_Hairline", "Rosy_Cheeks"),
    *("Sideburns", "Smiling", "Straight_Hair", "Wavy_Hair", "Wearing_Earrings", "Wearing_Hat", "Wearing_Lipstick"),
    *("Wearing_Necklace", "Wearing_Necktie", "Young"),
)
