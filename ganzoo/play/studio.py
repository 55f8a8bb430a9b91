"""A trained GAN in use by a page: what the controls ask for in, a picture out, one at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import torch
from PIL.Image import Image
from torch import Tensor

from ganzoo.errors import GanzooError
from ganzoo.play import codes, directions, draws, translations, walks
from ganzoo.play.draws import Draw
from ganzoo.sampling.latents import Codes
from ganzoo.sampling.model import Model
from ganzoo.translator import Translator, beside, shown
from ganzoo.visualization import grid

KEPT = 8  # draws that are remembered, so that a slider computes nothing but what it changes
MOVED = 8  # samples that move together


class End(NamedTuple):
    """Of a walk: which sample of which seed, counted from 0."""

    seed: int
    number: int


class Studio:
    """Answers one request after the other: sampling seeds the generator that all threads share.

    `translates`: a GAN that is given pictures. `why_not`: why samples have no way between them; empty where they do.
    """

    def __init__(self, model: Model):
        self.model = model
        self.translates = isinstance(model.procedure, Translator)
        self._lock = threading.RLock()
        self._samples = lru_cache(KEPT)(lambda draw: draws.samples(model, draw))
        self._codes = lru_cache(KEPT)(lambda draw: codes.drawn(model, draw))
        self._principal = lru_cache(KEPT)(lambda label: directions.principal(model, label))
        self._examples = lru_cache(KEPT)(lambda draw: translations.examples(model, draw))
        self.why_not = ""
        self.widths = [0]
        try:
            self.widths = [z.shape[1] for z in self._codes(Draw(1))]
        except GanzooError as error:
            self.why_not = error.message
        if model.spec.vocab:
            self.why_not = "token ids have nothing between them: there is no way from one sample to another."
        self.directions = directions.numbers(model, self.widths)

    @property
    def count(self) -> int:
        """How many samples are drawn at first."""
        return shown(self.model.spec, 3) if self.translates else draws.count(self.model)

    def grid(self, draw: Draw) -> Image:
        """The picture that `ganzoo sample` writes of a draw."""
        with self._busy():
            if self.translates:
                return _beside(self._examples(draw))
            return grid.picture(self._samples(draw), draws.columns(self.model, draw))

    def text(self, draw: Draw) -> list[str]:
        """The lines that `ganzoo sample` writes of a draw of token ids."""
        with self._busy():
            return self.model.text(self._samples(draw))

    def picked(self, draw: Draw, across: int, down: int) -> int | None:
        """Which sample, or example of a translator, is at this pixel of grid(); None between them, or of a plot."""
        spec, kinds = self.model.spec, 3 if self.translates else 1
        if not spec.is_image:
            return None
        picture = self.grid(draw)
        height, width = spec.shape[1:]
        if self.translates:
            height, width = (max(x.shape[k] for x in self._examples(draw)) for k in (2, 3))
        columns = picture.width // (width + grid.PAD)
        k = down // (height + grid.PAD) * columns + across // (width + grid.PAD)
        inside = across % (width + grid.PAD) >= grid.PAD and down % (height + grid.PAD) >= grid.PAD
        return k // kinds if inside and 0 <= k // kinds < draw.count else None

    def walk(self, draw: Draw, start: End, end: End, place: float) -> Image:
        """The start, the sample at this place from 0 to 1, and the end beside each other; of points all of them."""
        with self._busy():
            a, b = Draw(draw.count, start.seed, draw.label), Draw(draw.count, end.seed, draw.label)
            if not self.model.spec.is_image:
                return grid.picture(walks.every(self.model, a, self._codes(a), self._codes(b), place))
            here = walks.one(self.model, a, self._codes(a), start.number, self._codes(b), end.number, place)
            ends = [self._samples(one)[k, None] for one, k in ((a, start.number), (b, end.number))]
            return grid.picture(torch.cat([ends[0], here, ends[1]]), 3)

    def move(self, draw: Draw, kind: str, number: int, far: float) -> Image:
        """The first samples of a draw, below them the same after a move in a direction; of points all, side by side.

        number: which direction of its kind, counted from 0.
        """
        with self._busy():
            way = self._direction(draw, kind, number)
            own, moved = self._samples(draw), directions.moved(self.model, draw, self._codes(draw), way, far)
            if self.model.spec.is_image:
                return grid.picture(torch.cat([own[:MOVED], moved[:MOVED]]), min(MOVED, draw.count))
            return grid.beside(grid.picture(own), grid.picture(moved))

    def example(self, draw: Draw, number: int) -> Image:
        """One example of a translator's data: input, output and truth. number: counted from 0."""
        with self._busy():
            if not 0 <= number < draw.count:
                raise GanzooError(f"there is no example {number + 1}: {draw.count} are drawn.")
            return _beside([x[number, None] for x in self._examples(draw)])

    def own(self, draw: Draw, file: Path) -> Image:
        """Somebody's picture and what a translator makes of it."""
        with self._busy():
            return _beside(translations.own(self.model, draw, file))

    def _direction(self, draw: Draw, kind: str, number: int) -> Codes:
        known = directions.check(self.directions, kind, number)
        if known == "principal":
            return self._principal(draw.label)[number]
        make = directions.random if known == "random" else directions.coordinate
        return make(self.widths, number)

    @contextmanager
    def _busy(self) -> Iterator[None]:
        """Errors: GanzooError for samples that have no picture."""
        with self._lock:
            try:
                yield
            except ValueError as error:
                raise GanzooError(f"{error}.") from error


def _beside(columns: list[Tensor]) -> Image:
    panel = beside(*columns)
    return grid.picture(panel.samples, panel.columns)
