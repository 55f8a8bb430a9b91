"""Base classes of published datasets, which read files below the data root."""

from __future__ import annotations

import inspect
from abc import abstractmethod
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from torch import Tensor

from ganzoo import Batch, DataError, Dataset, IncompatibleError, Source, Spec, data_root, find_data, pointer_remedy
from ganzoo_builtins.datasets.images import pad, resize
from ganzoo_builtins.datasets.in_memory import InMemoryDataset

Fit = Literal["resize", "pad"]
DIGITS = tuple("0123456789")


class PublishedDataset(Dataset):
    """A dataset in files that `ganzoo data get` downloads. Every setting is an attribute of the same name."""

    name: str
    """The registered name."""
    file_settings: tuple[str, ...] = ()
    """The settings that determine which files are needed."""
    split_setting: tuple[str, Any, Any] | None = None
    """The setting that selects the split, and its values for training and for testing; None without a test split."""

    def held_out(self) -> Dataset | None:
        """Return the test split with the same settings, or None unless this is the training split."""
        if self.split_setting is None:
            return None
        setting, train, test = self.split_setting
        settings = {key: getattr(self, key) for key in inspect.signature(type(self)).parameters}
        return type(self)(**{**settings, setting: test}) if settings[setting] == train else None

    @abstractmethod
    def sources(self) -> Sequence[Source]: ...

    def find_file(self, *paths: str) -> Path:
        """Find a file or folder below the data root.

        Args:
            *paths: Alternative paths, as for `find_data()`.

        Returns:
            The first path that exists, compressed or not.

        Raises:
            DataError: None of them exists, or it is a pointer of Git LFS; the message says how to get the files.
        """
        if path := find_data(*paths):
            if path.is_file() and (pointer := pointer_remedy(path)):
                raise DataError(f"{self.name}: cannot read {path}: {pointer}.")
            return path
        raise self.missing_files()

    def missing_files(self) -> DataError:
        """Return the error for missing files, with the command that fetches them and the addresses."""
        lines = [f"{self.name} is not complete below {data_root()}; type `ganzoo data get {self._command()}`,"]
        lines += ["or put these files there by hand:"]
        for source in self.sources():
            if source.missing():
                step = ", then type that command, which unpacks it" if source.unpack else ""
                lines.append(f"  {source.path} from {' or '.join(source.urls)}{step}")
        return DataError("\n".join(lines))

    def _command(self) -> str:
        defaults = {key: p.default for key, p in inspect.signature(type(self)).parameters.items()}
        settings = {key: getattr(self, key) for key in self.file_settings}
        changed = [f"{key}={str(value).lower()}" for key, value in settings.items() if value != defaults[key]]
        return " ".join([self.name, *changed])


class PublishedImages(InMemoryDataset, PublishedDataset):
    """Images with labels, in memory. A subclass implements `read()`.

    Args:
        shape: Shape (C, H, W) of an image in the files.
        class_names: Names of the classes.
        size: Side of the square that images are brought to, or None to keep their size.
        fit: "resize" the images, with antialiasing, or "pad" them with black.

    Raises:
        IncompatibleError: `size` is too small.
    """

    def __init__(self, shape: tuple[int, int, int], class_names: Sequence[str], size: int | None, fit: Fit = "resize"):
        channels, height, width = shape
        least = height if fit == "pad" else 1
        if size is not None and size < least:
            raise IncompatibleError(
                f'{self.name}: size = {size} is too small for fit = "{fit}" of {height}x{width} images. '
                f"Set size to {least} or more."
            )
        self.size = size
        self.fit = fit
        self.stored_shape = shape
        self.class_names = class_names
        self.spec = Spec((channels, size or height, size or width), classes=len(class_names))

    @abstractmethod
    def read(self) -> tuple[Tensor, Tensor]:
        """Read the images of the files (N, C, H, W), uint8, and their labels (N,), int64."""

    def _fit(self, x: Tensor) -> Tensor:
        """Resize or pad images, (N, C, H, W) -> (N, *spec.shape), uint8."""
        if self.size is None:
            return x
        return pad(x, self.size) if self.fit == "pad" else resize(x, self.size)

    @cached_property
    def _file_contents(self) -> tuple[Tensor, Tensor]:
        x, y = self.read()
        check_labels(y, len(x), self.spec.classes, self.name)
        if x.shape[1:] != self.stored_shape:
            raise DataError(
                f"{self.name}: images of shape {tuple(x.shape[1:])}, expected {self.stored_shape}. "
                f"Delete the files and type `ganzoo data get {self.name}`."
            )
        return x, y

    def load(self) -> Batch:
        x, y = self._file_contents
        del self._file_contents
        return {"x": self._fit(x), "y": y}

    def __len__(self) -> int:
        """Return the length, for which files are read, but not resized: that may need more memory than there is."""
        return super().__len__() if "_loaded" in vars(self) else len(self._file_contents[1])


def check_labels(y: Tensor, images: int, classes: int, name: str) -> None:
    """Check the labels of a dataset.

    Args:
        y: Labels (N,).
        images: Number of images.
        classes: Number of classes.
        name: Registered name of the dataset.

    Raises:
        DataError: There are no images, or not as many labels as images, or a label is not in 0..classes-1.
    """
    remedy = f"Delete the files and type `ganzoo data get {name}`."
    if len(y) != images:
        raise DataError(f"{name}: {images:,} images but {len(y):,} labels. {remedy}")
    if images == 0:
        raise DataError(f"{name}: its files contain no image. {remedy}")
    if y.min() < 0 or y.max() >= classes:
        raise DataError(f"{name}: labels lie in {y.min()}..{y.max()}, expected 0..{classes - 1}. {remedy}")
