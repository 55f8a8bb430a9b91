"""The model behind the page: pictures for the requests of the controls, computed one at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import torch
from PIL.Image import Image
from torch import Tensor

from ganzoo.errors import GanzooError
from ganzoo.play import latent_space, samples
from ganzoo.play.samples import Request
from ganzoo.sampling.latents import Codes
from ganzoo.sampling.model import Model
from ganzoo.translator import Translator, beside, shown
from ganzoo.visualization import grid
from ganzoo.visualization.joining import side_by_side

CACHED = 8  # requests whose samples and codes are kept, so that a slider computes only what it changes
MOVED = 8  # images that are moved together


class End(NamedTuple):
    """One end of an interpolation: a seed, and the index of one of its samples."""

    seed: int
    sample: int


class Studio:
    """Computes the pictures of a page from a model, one request at a time, because all threads share a generator.

    `truncates` is True for a GAN whose samples can be truncated. `translates` is True for a translator, which has
    inputs instead of latent codes. `unavailable` says why there are no interpolations and moves, or is empty.

    Args:
        model: The model.
    """

    def __init__(self, model: Model):
        self.model = model
        self.translates = isinstance(model.procedure, Translator)
        self._lock = threading.RLock()
        self._samples = lru_cache(CACHED)(lambda request: samples.generate(model, request))
        self._codes = lru_cache(CACHED)(lambda request: latent_space.codes(model, request))
        self._principal = lru_cache(CACHED)(lambda label: latent_space.principal_directions(model, label))
        self._examples = lru_cache(CACHED)(lambda request: samples.translated_examples(model, request))
        self.unavailable = ""
        self.z_dims = [0]
        try:
            self.z_dims = [z.shape[1] for z in self._codes(Request(1))]
        except GanzooError as error:
            self.unavailable = error.message
        if model.spec.vocab:
            self.unavailable = "samples are token ids, which have no values in between."
        self.truncates = True
        try:
            samples.generate(model, Request(1, truncation=1.0))
        except GanzooError:
            self.truncates = False
        self.directions = latent_space.direction_counts(model, self.z_dims)

    @property
    def count(self) -> int:
        """Return the number of samples that the page shows at first."""
        return shown(self.model.spec, self.kinds) if self.translates else samples.default_count(self.model)

    @property
    def kinds(self) -> int:
        """Return the number of pictures of each example of a translator: input, output and, where known, target."""
        return self.model.translator.kinds

    def grid(self, request: Request) -> Image:
        """Return the picture that `ganzoo sample` writes for a request."""
        with self._exclusive():
            if self.translates:
                return _columns(self._examples(request))
            return grid.picture(self._samples(request), samples.columns(self.model, request))

    def text(self, request: Request) -> list[str]:
        """Return the lines that `ganzoo sample` writes for a request of token ids."""
        with self._exclusive():
            return self.model.text(self._samples(request))

    def sample_at(self, request: Request, across: int, down: int) -> int | None:
        """Find the sample at a pixel of grid(), or the example of a translator.

        Args:
            request: The request of the grid.
            across: Pixels from the left.
            down: Pixels from the top.

        Returns:
            The index of the sample; None between samples, and in a plot.
        """
        spec = self.model.spec
        if not spec.is_image:
            return None
        picture = self.grid(request)
        pictures_each = self.kinds if self.translates else 1
        height, width = spec.shape[1:]
        if self.translates:
            height, width = (max(x.shape[k] for x in self._examples(request)) for k in (2, 3))
        columns = picture.width // (width + grid.PAD)
        k = down // (height + grid.PAD) * columns + across // (width + grid.PAD)
        inside = across % (width + grid.PAD) >= grid.PAD and down % (height + grid.PAD) >= grid.PAD
        return k // pictures_each if inside and 0 <= k // pictures_each < request.count else None

    def interpolate(self, request: Request, start: End, end: End, place: float) -> Image:
        """Draw the first sample, the interpolation, and the last sample; of points, all interpolated samples.

        Args:
            request: Number and class of the samples; `start` and `end` have the seeds.
            start: The first sample.
            end: The last sample.
            place: From 0 at the first sample to 1 at the last.

        Returns:
            The picture.
        """
        with self._exclusive():
            first = replace(request, seed=start.seed)
            last = replace(request, seed=end.seed)
            z, other = self._codes(first), self._codes(last)
            if not self.model.spec.is_image:
                return grid.picture(latent_space.interpolate_all(self.model, first, z, other, place))
            between = latent_space.interpolate_one(self.model, first, z, start.sample, other, end.sample, place)
            x = [self._samples(first)[start.sample, None], between, self._samples(last)[end.sample, None]]
            return grid.picture(torch.cat(x), 3)

    def move(self, request: Request, kind: str, number: int, distance: float) -> Image:
        """Draw the first samples of a request, and below them the same samples moved; points are side by side.

        Args:
            request: The request.
            kind: Kind of the direction.
            number: Index of the direction within its kind.
            distance: Length of the move, in standard deviations of a normal prior.

        Returns:
            The picture.
        """
        with self._exclusive():
            direction = self._direction(request, kind, number)
            x = self._samples(request)
            moved = latent_space.moved(self.model, request, self._codes(request), direction, distance)
            if self.model.spec.is_image:
                return grid.picture(torch.cat([x[:MOVED], moved[:MOVED]]), min(MOVED, request.count))
            return side_by_side(grid.picture(x), grid.picture(moved))

    def example(self, request: Request, index: int) -> Image:
        """Draw input, output and target of one example of a translator's data."""
        with self._exclusive():
            if not 0 <= index < request.count:
                raise GanzooError(f"there is no example {index + 1}: {request.count} are shown.")
            return _columns([x[index, None] for x in self._examples(request)])

    def uploaded(self, request: Request, file: Path) -> Image:
        """Draw an uploaded picture and its translation."""
        with self._exclusive():
            return _columns(samples.translated_picture(self.model, request, file))

    def _direction(self, request: Request, kind: str, number: int) -> Codes:
        known = latent_space.check_direction(self.directions, kind, number)
        if known == "principal":
            return self._principal(request.label)[number]
        if known == "random":
            return latent_space.random_direction(self.z_dims, number)
        return latent_space.coordinate_direction(self.z_dims, number)

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        """Run the block alone; raise a GanzooError for samples that have no picture."""
        with self._lock:
            try:
                yield
            except ValueError as error:
                raise GanzooError(f"{error}.") from error


def _columns(images: list[Tensor]) -> Image:
    panel = beside(*images)
    return grid.picture(panel.samples, panel.columns)
