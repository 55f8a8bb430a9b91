"""Base class of datasets whose examples are picture files, in a folder or inside other files."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import torch
from PIL import ImageColor
from torch import Tensor

from ganzoo import Batch, Dataset, GanzooError, Spec
from ganzoo_builtins.datasets.decoded_cache import DecodedCache
from ganzoo_builtins.datasets.image_conversions import Seen, conversions, dark
from ganzoo_builtins.datasets.image_decoder import Bits, Fit, ImageDecoder

IN_MEMORY = 2**30  # bytes of decoded images that stay in memory; the images of a larger set are decoded every time

Size = int | tuple[int, int]
"""Side of squares, or height and width."""


class Pictures(Dataset):
    """Picture files, brought to one size. Decoded images of up to 1 GiB stay in memory.

    Args:
        decode: Decodes one file.
        cache: Keep decoded images on disk.
    """

    def __init__(self, decode: ImageDecoder, cache: bool = False):
        self.decode = decode
        self.cache = cache

    @abstractmethod
    def source(self, i: int) -> Path | bytes:
        """Return the file of example i, as its path or its content."""

    @abstractmethod
    def all_labels(self) -> Tensor | None:
        """Return all labels, int64 (len,), or None where there are none."""

    @abstractmethod
    def stamps(self) -> Iterable[str]:
        """Yield properties of all files that are known without decoding them, such as names and sizes."""

    def shown(self, i: int) -> str:
        """Return the name of file i, for messages."""
        return self.example_name(i)

    @cached_property
    def spec(self) -> Spec:  # type: ignore[override]  # known once the files are listed
        return Spec(self.decode.shape, classes=len(self.class_names))

    def __getitem__(self, i: int) -> Batch:
        i = range(len(self))[i]
        x = self._images[i] if "_images" in self.__dict__ else self._decoded(i)
        return {"x": x} if self._labels is None else {"x": x, "y": self._labels[i]}

    def tensors(self) -> Batch | None:
        if not self._fits(len(self)):
            return None
        return {"x": self._images} if self._labels is None else {"x": self._images, "y": self._labels}

    def fingerprint(self) -> str:
        """Add the stamps of all files to the digest of the base class."""
        digest = hashlib.sha256(super().fingerprint().encode())
        for stamp in self.stamps():
            digest.update(f"{stamp}\0".encode(errors="surrogateescape"))
        return digest.hexdigest()

    def whole_picture(self, i: int) -> Tensor:
        return replace(self.decode, fit="none")(self.source(i), self.shown(i))[0]

    def original_sizes(self) -> list[tuple[int, int]]:
        return self._seen.sizes()

    def remarks(self) -> list[str]:
        """Return what was converted, once all images were decoded."""
        kept = self._kept_remark()
        if not self._seen.complete:
            return kept
        dark_ones = [] if self.decode.white else dark(self._seen)
        return kept + conversions(self._seen, self.decode.shape[0]) + dark_ones

    @cached_property
    def _labels(self) -> Tensor | None:
        return self.all_labels()

    @cached_property
    def _seen(self) -> Seen:
        """Properties of the files that this process has decoded."""
        return Seen(len(self))

    @cached_property
    def _decoded_cache(self) -> DecodedCache | None:
        return DecodedCache(self.decode, self.stamps(), len(self)) if self.cache else None

    def _kept_remark(self) -> list[str]:
        """Return why decoded images are not kept, or how to keep them if they are decoded in every epoch."""
        if self._decoded_cache and self._decoded_cache.obstacle:
            return [f"decoded pictures are not kept: {self._decoded_cache.obstacle}"]
        if self.cache or self._fits(len(self)):
            return []
        size = len(self) * self.decode.nbytes / 2**30
        return [f"pictures are decoded again in every epoch: dataset.cache=true keeps them decoded, {size:.1f} GiB"]

    def _decoded(self, i: int) -> Tensor:
        kept = self._decoded_cache.get(i) if self._decoded_cache else None
        x, traits = kept or self.decode(self.source(i), self.shown(i))
        if self._decoded_cache and not kept:
            self._decoded_cache.put(i, x, traits)
        self._seen.add(i, self.example_name(i), traits)
        return x

    def _fits(self, number: int) -> bool:
        return number * self.decode.nbytes <= IN_MEMORY

    @cached_property
    def _images(self) -> Tensor:
        """All images (N, C, H, W). Reading this raises DataError at the first bad one."""
        images = torch.empty(len(self), *self.decode.shape, dtype=self.decode.dtype)
        for i in range(len(images)):
            images[i] = self._decoded(i)
        return images


def decoder(
    dataset: str,
    size: Size,
    channels: int,
    fit: Fit,
    background: str | tuple[int, int, int],
    depth: Bits,
    min_value: float | None,
    max_value: float | None,
    max_megapixels: int,
    remedy: str = "Mend it or remove it.",
) -> ImageDecoder:
    """Return the decoder of a dataset, from its settings.

    Args:
        dataset: Name of the dataset, for messages.
        size: Side of squares, or height and width.
        channels: Number of channels.
        fit: How pictures are brought to that size.
        background: A colour, by name or as (red, green, blue).
        depth: "8" or "full".
        min_value: The number that is black, or None.
        max_value: The number that is white, or None.
        max_megapixels: Larger pictures are rejected.
        remedy: End of the message about a file that cannot be decoded.

    Returns:
        The decoder.

    Raises:
        GanzooError: `background` is no colour, or black is not below white.
    """
    if min_value is not None and depth == "8":
        raise GanzooError(f'dataset {dataset}: min_value is used with depth = "full" alone. Set it, or leave it out.')
    if max_value is not None and max_value <= (min_value or 0):
        raise GanzooError(f"dataset {dataset}: max_value={max_value:g} is white, and should be above the black.")
    colour, pixels = colour_of(dataset, background), max_megapixels * 10**6
    return ImageDecoder(size, channels, fit, colour, pixels, max_value, remedy, depth, min_value)


def colour_of(dataset: str, background: str | tuple[int, ...]) -> tuple[int, int, int]:
    """Return a colour as (red, green, blue); GanzooError if it is none."""
    try:
        red, green, blue = ImageColor.getrgb(background) if isinstance(background, str) else background
    except ValueError:
        red = green = blue = -1
    if not all(0 <= part <= 255 for part in (red, green, blue)):
        example = '"white", "#ff8000" or [255, 128, 0]'
        raise GanzooError(f"dataset {dataset}: background should be a colour like {example}, not {background!r}.")
    return red, green, blue
