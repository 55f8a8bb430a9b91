"""EMNIST: handwritten letters and digits, 28x28, in the six published splits."""

from __future__ import annotations

from string import ascii_lowercase, ascii_uppercase
from typing import Literal

from torch import Tensor

from ganzoo import Source
from ganzoo_builtins.datasets.idx import read_images, read_labels
from ganzoo_builtins.datasets.published import DIGITS, Fit, PublishedImages

FOLDER = "EMNIST/raw"
MERGED = (*DIGITS, *ascii_uppercase, *"abdefghnqrt")  # other lower-case letters look like their capitals
CLASSES = {
    "byclass": (*DIGITS, *ascii_uppercase, *ascii_lowercase),
    "bymerge": MERGED,
    "balanced": MERGED,
    "letters": tuple(ascii_uppercase),
    "digits": DIGITS,
    "mnist": DIGITS,
}


class EMNIST(PublishedImages):
    """Handwritten letters and digits, white on black.

    The files contain transposed images, and the labels of the split "letters" start at 1. Both are corrected.
    Source: Cohen et al. (2017), nist.gov/itl/products-and-services/emnist-dataset.

    Args:
        split: "byclass" (62 classes, 697,932 images for training + 116,323 for testing), "bymerge" (47 classes, the
            same images), "balanced" (47 classes, 112,800 + 18,800), "letters" (26 classes, upper and lower case
            merged, 124,800 + 20,800), "digits" (240,000 + 40,000) or "mnist" (60,000 + 10,000).
        train: Use the training split, or the test split.
        size: Side of the square that images are brought to; by default 28.
        fit: "resize" the images, with antialiasing, or "pad" them with black.
    """

    name = "emnist"
    file_settings = ("split", "train")
    split_setting = ("train", True, False)

    def __init__(
        self,
        split: Literal["byclass", "bymerge", "balanced", "letters", "digits", "mnist"] = "balanced",
        train: bool = True,
        size: int | None = None,
        fit: Fit = "resize",
    ):
        super().__init__((1, 28, 28), CLASSES[split], size, fit)
        self.split = split
        self.train = train

    def files(self) -> tuple[str, str]:
        """Return the names of the image file and the label file."""
        stem = f"emnist-{self.split}-{'train' if self.train else 'test'}"
        return f"{stem}-images-idx3-ubyte.gz", f"{stem}-labels-idx1-ubyte.gz"

    def sources(self) -> list[Source]:
        return [
            Source(
                f"{FOLDER}/gzip.zip",
                ("https://biometrics.nist.gov/cs_links/EMNIST/gzip.zip",),
                "58c8d27c78d21e728a6bc7b3cc06412e",
                unpack=tuple((f"gzip/{file}", f"{FOLDER}/{file}") for file in self.files()),
            )
        ]

    def read(self) -> tuple[Tensor, Tensor]:
        images, labels = (self.find_file(f"{FOLDER}/{file}") for file in self.files())
        first = 1 if self.split == "letters" else 0
        return read_images(images).mT.contiguous(), read_labels(labels) - first
