"""Datasets that read published files below the data root: what is common to them, and what they say when files lack."""

from __future__ import annotations

import inspect
from abc import abstractmethod
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from torch import Tensor

from ganzoo import Batch, DataError, Dataset, IncompatibleError, Source, Spec, data_root, find_data
from ganzoo_builtins.datasets.images import pad, resize
from ganzoo_builtins.datasets.in_memory import InMemoryDataset

Fit = Literal["resize", "pad"]
DIGITS = tuple("0123456789")


class PublishedDataset(Dataset):
    """A dataset that lies in files, which `ganzoo data get` fetches.

    name: as it is registered. file_settings: the settings that decide which files are needed.
    testing: the setting that chooses a part, its value for what is trained on and for what is tested on; None where
    the data were published in one part. Every setting is kept as an attribute of its name.
    """

    name: str
    file_settings: tuple[str, ...] = ()
    split_setting: tuple[str, Any, Any] | None = None

    def held_out(self) -> Dataset | None:
        """The test part, its other settings the same; None of anything but the training part."""
        if self.split_setting is None:
            return None
        setting, train, test = self.split_setting
        settings = {key: getattr(self, key) for key in inspect.signature(type(self)).parameters}
        return type(self)(**{**settings, setting: test}) if settings[setting] == train else None

    @abstractmethod
    def sources(self) -> Sequence[Source]: ...

    def find_file(self, *paths: str) -> Path:
        """The first of these paths that exists, packed or not. Errors: DataError with what to do about it."""
        if path := find_data(*paths):
            return path
        raise self.missing_files()

    def missing_files(self) -> DataError:
        """The error for missing files: which ones, what to type, what to put where by hand."""
        lines = [f"{self.name} is not complete below {data_root()}; type `ganzoo data get {self._command()}`,"]
        lines += ["or put these there by hand:"]
        for source in self.sources():
            if source.missing():
                unpacked = ", then type that command, which unpacks it" if source.unpack else ""
                lines.append(f"  {source.path} from {' or '.join(source.urls)}{unpacked}")
        return DataError("\n".join(lines))

    def _command(self) -> str:
        defaults = {key: p.default for key, p in inspect.signature(type(self)).parameters.items()}
        chosen = {key: getattr(self, key) for key in self.file_settings}
        changed = [f"{key}={str(value).lower()}" for key, value in chosen.items() if value != defaults[key]]
        return " ".join([self.name, *changed])


class PublishedImages(InMemoryDataset, PublishedDataset):
    """Images with labels, read once and kept in memory. A subclass says what read() gives.

    shape: (C, H, W) as stored. size: side of the square that samples are brought to, or None for the stored one;
    fit: how, "resize" (antialiased) or "pad" (centred on black).
    """

    def __init__(self, shape: tuple[int, int, int], class_names: Sequence[str], size: int | None, fit: Fit = "resize"):
        channels, height, width = shape
        if size is not None and size < (height if fit == "pad" else 1):
            raise IncompatibleError(
                f'{self.name}: size = {size} is too small for fit = "{fit}" of {height}x{width} images.'
            )
        self.size = size
        self.fit = fit
        self.stored = shape
        self.class_names = class_names
        self.spec = Spec((channels, size or height, size or width), classes=len(class_names))

    @abstractmethod
    def read(self) -> tuple[Tensor, Tensor]:
        """Images as stored (N, C, H, W) uint8 and labels (N,) int64 below len(class_names)."""

    def fitted(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, *spec.shape), uint8."""
        if self.size is None:
            return x
        return pad(x, self.size) if self.fit == "pad" else resize(x, self.size)

    @cached_property
    def _stored(self) -> tuple[Tensor, Tensor]:
        x, y = self.read()
        check_labels(y, len(x), self.spec.classes, self.name)
        if x.shape[1:] != self.stored:
            raise DataError(
                f"{self.name}: images of shape {tuple(x.shape[1:])}, expected {self.stored}. "
                f"Delete the files and type `ganzoo data get {self.name}`."
            )
        return x, y

    def load(self) -> Batch:
        x, y = self._stored
        del self._stored
        return {"x": self.fitted(x), "y": y}

    def __len__(self) -> int:
        """Known once the files are read: nothing is resized for it, which may take more memory than there is."""
        return super().__len__() if "_loaded" in vars(self) else len(self._stored[1])


def check_labels(y: Tensor, images: int, classes: int, name: str) -> None:
    """Errors: DataError when labels are not one per image in 0..classes-1."""
    remedy = f"Delete the files and type `ganzoo data get {name}`."
    if len(y) != images:
        raise DataError(f"{name}: {images:,} images but {len(y):,} labels. {remedy}")
    if images == 0:
        raise DataError(f"{name}: its files hold no image. {remedy}")
    if y.min() < 0 or y.max() >= classes:
        raise DataError(f"{name}: labels lie in {y.min()}..{y.max()}, expected 0..{classes - 1}. {remedy}")
