"""CIFAR-10 and CIFAR-100: photographs, 32x32, from the binary archives (the others contain pickles)."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from ganzoo import DataError, Source
from ganzoo_builtins.datasets.published import PublishedImages

SHAPE = (3, 32, 32)
PIXELS = 3 * 32 * 32
MOST = 60_000  # images in one file; a larger file is not read
SITE = "https://www.cs.toronto.edu/~kriz"


class CIFAR10(PublishedImages):
    """Photographs in ten classes: 50,000 for training, 10,000 for testing.

    Source: Krizhevsky (2009), cs.toronto.edu/~kriz.

    Args:
        train: Use the training split, or the test split.
        size: Side of the square that images are resized to; by default 32.
    """

    name = "cifar10"
    file_settings = ("train",)
    split_setting = ("train", True, False)

    def __init__(self, train: bool = True, size: int | None = None):
        names = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
        super().__init__(SHAPE, names, size)
        self.train = train

    def files(self) -> list[str]:
        batches = [f"data_batch_{i}.bin" for i in range(1, 6)] if self.train else ["test_batch.bin"]
        return [f"cifar-10-batches-bin/{batch}" for batch in batches]

    def sources(self) -> list[Source]:
        archive = "cifar-10-binary.tar.gz"
        unpack = tuple((file, file) for file in self.files())
        return [Source(archive, (f"{SITE}/{archive}",), "c32a1d4ab5d03f1284b67883e8d87530", unpack=unpack)]

    def read(self) -> tuple[Tensor, Tensor]:
        images, labels = zip(*(read_records(self.find_file(file), labels=1) for file in self.files()), strict=True)
        return torch.cat(images), torch.cat(labels)[:, 0]


class CIFAR100(PublishedImages):
    """Photographs in 100 classes, or 20 groups of these: 50,000 for training, 10,000 for testing.

    Source: Krizhevsky (2009), cs.toronto.edu/~kriz.

    Args:
        labels: "fine" for 100 classes, "coarse" for 20.
        train: Use the training split, or the test split.
        size: Side of the square that images are resized to; by default 32.
    """

    name = "cifar100"
    file_settings = ("train",)
    split_setting = ("train", True, False)

    def __init__(self, labels: Literal["fine", "coarse"] = "fine", train: bool = True, size: int | None = None):
        super().__init__(SHAPE, FINE if labels == "fine" else COARSE, size)
        self.labels = labels
        self.train = train

    def file(self) -> str:
        return f"cifar-100-binary/{'train' if self.train else 'test'}.bin"

    def sources(self) -> list[Source]:
        archive = "cifar-100-binary.tar.gz"
        unpack = ((self.file(), self.file()),)
        return [Source(archive, (f"{SITE}/{archive}",), "03b5dce01913d631647c71ecec9e9cb8", unpack=unpack)]

    def read(self) -> tuple[Tensor, Tensor]:
        images, labels = read_records(self.find_file(self.file()), labels=2)
        return images, labels[:, 0 if self.labels == "coarse" else 1].contiguous()


def read_records(path: Path, labels: int) -> tuple[Tensor, Tensor]:
    """Read a file of records, each of them labels and an image.

    Args:
        path: The file.
        labels: Labels in each record, one byte each.

    Returns:
        Images (N, 3, 32, 32) uint8, and labels (N, labels) int64.

    Raises:
        DataError: The file is damaged.
    """
    size = path.stat().st_size
    if not size or size % (labels + PIXELS) or size // (labels + PIXELS) > MOST:
        reason = f"{size:,} bytes make no whole images, or more than {MOST:,}"
        raise DataError(f"{path} is damaged: {reason}. Delete it and fetch it again.")
    data = np.fromfile(path, dtype=np.uint8)
    records = torch.from_numpy(data).reshape(-1, labels + PIXELS)
    return records[:, labels:].reshape(-1, *SHAPE), records[:, :labels].long()


COARSE = (
    *("aquatic_mammals", "fish", "flowers", "food_containers", "fruit_and_vegetables"),
    *("household_electrical_devices", "household_furniture", "insects", "large_carnivores"),
    *("large_man-made_outdoor_things", "large_natural_outdoor_scenes", "large_omnivores_and_herbivores"),
    *("medium_mammals", "non-insect_invertebrates", "people", "reptiles", "small_mammals", "trees"),
    *("vehicles_1", "vehicles_2"),
)
FINE = (
    *("apple", "aquarium_fish", "baby", "bear", "beaver", "bed", "bee", "beetle", "bicycle", "bottle"),
    *("bowl", "boy", "bridge", "bus", "butterfly", "camel", "can", "castle", "caterpillar", "cattle"),
    *("chair", "chimpanzee", "clock", "cloud", "cockroach", "couch", "crab", "crocodile", "cup", "dinosaur"),
    *("dolphin", "elephant", "flatfish", "forest", "fox", "girl", "hamster", "house", "kangaroo", "keyboard"),
    *("lamp", "lawn_mower", "leopard", "lion", "lizard", "lobster", "man", "maple_tree", "motorcycle", "mountain"),
    *("mouse", "mushroom", "oak_tree", "orange", "orchid", "otter", "palm_tree", "pear", "pickup_truck", "pine_tree"),
    *("plain", "plate", "poppy", "porcupine", "possum", "rabbit", "raccoon", "ray", "road", "rocket"),
    *("rose", "sea", "seal", "shark", "shrew", "skunk", "skyscraper", "snail", "snake", "spider"),
    *("squirrel", "streetcar", "sunflower", "sweet_pepper", "table", "tank", "telephone", "television", "tiger"),
    *("tractor", "train", "trout", "tulip", "turtle", "wardrobe", "whale", "willow_tree", "wolf", "woman", "worm"),
)
