"""MNIST, and datasets in its format: Fashion-MNIST, Kuzushiji-MNIST, QMNIST."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import torch
from torch import Tensor

from ganzoo import Source
from ganzoo_builtins.datasets.idx import read_images, read_labels
from ganzoo_builtins.datasets.published import DIGITS, Fit, PublishedImages


class MNIST(PublishedImages):
    """Handwritten digits, white on black: 60,000 for training, 10,000 for testing.

    Source: LeCun, Cortes, Burges (1998), yann.lecun.com/exdb/mnist.

    Args:
        train: Use the training split, or the test split.
        size: Side of the square that images are brought to; by default 28.
        fit: "resize" the images, with antialiasing, or "pad" them with black.
    """

    name = "mnist"
    file_settings = ("train",)
    split_setting: tuple[str, Any, Any] = ("train", True, False)
    folder = "MNIST/raw"
    mirrors: tuple[str, ...] = (
        "https://ossci-datasets.s3.amazonaws.com/mnist",
        "https://storage.googleapis.com/cvdf-datasets/mnist",
    )
    packaged: str | None = None  # folder of the files of a system package
    names: tuple[str, ...] = DIGITS
    digests: ClassVar[dict[str, str]] = {  # MD5 of the files as published
        "train-images-idx3-ubyte.gz": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "train-labels-idx1-ubyte.gz": "d53e105ee54ea40749a09fcbcd1e9432",
        "t10k-images-idx3-ubyte.gz": "9fb629c4189551a2d022fa330f9573f3",
        "t10k-labels-idx1-ubyte.gz": "ec29112dd5afa0611ce80d1b7f02629c",
    }
    content_digests: ClassVar[dict[str, str]] = {  # MD5 of the decompressed files
        "train-images-idx3-ubyte.gz": "6bbc9ace898e44ae57da46a324031adb",
        "train-labels-idx1-ubyte.gz": "a25bea736e30d166cdddb491f175f624",
        "t10k-images-idx3-ubyte.gz": "2646ac647ad5339dbf082846283269ea",
        "t10k-labels-idx1-ubyte.gz": "27ae3e4e09519cfbb04c329615203637",
    }

    def __init__(self, train: bool = True, size: int | None = None, fit: Fit = "resize"):
        super().__init__((1, 28, 28), self.names, size, fit)
        self.train = train

    def files(self) -> tuple[str, str]:
        """Return the names of the image file and the label file."""
        part = "train" if self.train else "t10k"
        return f"{part}-images-idx3-ubyte.gz", f"{part}-labels-idx1-ubyte.gz"

    def sources(self) -> list[Source]:
        return [
            Source(
                f"{self.folder}/{file}",
                tuple(f"{mirror}/{file}" for mirror in self.mirrors),
                self.digests[file],
                self.content_digests.get(file, ""),
                instead=(f"{self.packaged}/{file}",) if self.packaged else (),
            )
            for file in self.files()
        ]

    def read(self) -> tuple[Tensor, Tensor]:
        images, labels = (self.find_file(source.path, *source.instead) for source in self.sources())
        return read_images(images), read_labels(labels)


class FashionMNIST(MNIST):
    """Clothes from a shop's catalogue: 60,000 images for training, 10,000 for testing.

    Source: Xiao, Rasul, Vollgraf (2017), github.com/zalandoresearch/fashion-mnist. The files of Debian's package
    dataset-fashion-mnist are used if it is installed. The second mirror is plain http; its files are verified by
    digest.
    """

    name = "fashion_mnist"
    folder = "FashionMNIST/raw"
    mirrors = (
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
    )
    packaged = "/usr/share/datasets/fashion-mnist"
    names = (
        *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
        *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
    )
    digests: ClassVar[dict[str, str]] = {
        "train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
        "t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
        "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
    }
    content_digests: ClassVar[dict[str, str]] = {
        "train-images-idx3-ubyte.gz": "f4a8712d7a061bf5bd6d2ca38dc4d50a",
        "train-labels-idx1-ubyte.gz": "9018921c3c673c538a1fc5bad174d6f9",
        "t10k-images-idx3-ubyte.gz": "8181f5470baa50b63fa0f6fddb340f0a",
        "t10k-labels-idx1-ubyte.gz": "15d484375f8d13e6eb1aabb0c3f46965",
    }


class KMNIST(MNIST):
    """Cursive Japanese characters from old books: 60,000 for training, 10,000 for testing.

    Source: Clanuwat et al. (2018), codh.rois.ac.jp/kmnist, plain http; its files are verified by digest.
    """

    name = "kmnist"
    folder = "KMNIST/raw"
    mirrors = ("http://codh.rois.ac.jp/kmnist/dataset/kmnist",)
    names = ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")
    digests: ClassVar[dict[str, str]] = {
        "train-images-idx3-ubyte.gz": "bdb82020997e1d708af4cf47b453dcf7",
        "train-labels-idx1-ubyte.gz": "e144d726b3acfaa3e44228e80efcd344",
        "t10k-images-idx3-ubyte.gz": "5c965bf0a639b31b8f53240b1b52f4d7",
        "t10k-labels-idx1-ubyte.gz": "7320c461ea6c1c855c0b718fb2a4b134",
    }
    content_digests: ClassVar[dict[str, str]] = {}


class QMNIST(MNIST):
    """MNIST, reconstructed from the NIST files, with its 50,000 lost test digits.

    Source: Yadav, Bottou (2019), github.com/facebookresearch/qmnist.

    Args:
        what: "train" (60,000 digits), "test" (60,000), "test10k" (the first 10,000 of these, which are MNIST's test
            split), "test50k" (the others), or "nist" (all 402,953 digits of NIST).
        size: Side of the square that images are brought to; by default 28.
        fit: "resize" the images, with antialiasing, or "pad" them with black.
    """

    name = "qmnist"
    file_settings = ("what",)
    split_setting = ("what", "train", "test")
    folder = "QMNIST/raw"
    mirrors = ("https://raw.githubusercontent.com/facebookresearch/qmnist/master",)
    digests: ClassVar[dict[str, str]] = {
        "qmnist-train-images-idx3-ubyte.gz": "ed72d4157d28c017586c42bc6afe6370",
        "qmnist-train-labels-idx2-int.gz": "0058f8dd561b90ffdd0f734c6a30e5e4",
        "qmnist-test-images-idx3-ubyte.gz": "1394631089c404de565df7b7aeaf9412",
        "qmnist-test-labels-idx2-int.gz": "5b5b05890a5e13444e108efe57b788aa",
        "xnist-images-idx3-ubyte.xz": "7f124b3b8ab81486c9d8c2749c17f834",
        "xnist-labels-idx2-int.xz": "5ed0e788978e45d4a8bd4b7caec3d79d",
    }
    content_digests: ClassVar[dict[str, str]] = {}
    parts: ClassVar[dict[str, slice]] = {"test10k": slice(0, 10_000), "test50k": slice(10_000, None)}

    def __init__(
        self,
        what: Literal["train", "test", "test10k", "test50k", "nist"] = "train",
        size: int | None = None,
        fit: Fit = "resize",
    ):
        super().__init__(what == "train", size, fit)
        self.what = what

    def files(self) -> tuple[str, str]:
        if self.what == "nist":
            return "xnist-images-idx3-ubyte.xz", "xnist-labels-idx2-int.xz"
        part = "train" if self.train else "test"
        return f"qmnist-{part}-images-idx3-ubyte.gz", f"qmnist-{part}-labels-idx2-int.gz"

    def read(self) -> tuple[Tensor, Tensor]:
        images, labels = super().read()
        part = self.parts.get(self.what, slice(None))
        return images[part].contiguous(), torch.clone(labels[part])
