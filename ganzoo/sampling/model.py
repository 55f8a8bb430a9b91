"""Trained networks that make samples."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from ganzoo.config import instantiate
from ganzoo.config.recipe import Recipe
from ganzoo.data import subset
from ganzoo.errors import GanzooError, did_you_mean
from ganzoo.interfaces import Dataset, Spec
from ganzoo.procedure import Procedure
from ganzoo.registry import discovery
from ganzoo.sampling import interpolation, preview, tokens
from ganzoo.translator import Translator
from ganzoo.utils import modes

Labels = int | str | Sequence[int | str] | Tensor | None
CHUNK = 500  # samples made at a time


class Model:
    """Trained networks that make samples.

    `spec`, `class_names` and `words`, what token ids stand for, are those of the data they were trained on; `data`
    makes it, the recipe's unless given.
    """

    def __init__(
        self,
        procedure: Procedure,
        spec: Spec,
        class_names: Sequence[str],
        words: Sequence[str] = (),
        recipe: Recipe | None = None,
        data: Callable[[], Dataset] | None = None,
    ):
        self.procedure = procedure
        self.spec = spec
        self.class_names = list(class_names)
        self.words = list(words)
        self.recipe = recipe
        self.data = partial(instantiate.dataset, recipe) if recipe and not data else data

    def sample(self, n: int, y: Labels = None, seed: int | None = None) -> Tensor:
        """() -> (n, *spec.shape), images in [-1, 1].

        y: a class index or name for all, or n of them; every class in turn when it is left out. The same seed gives
        the same samples. A translator turns inputs into samples: those of pairs(n, seed).
        Errors: GanzooError for a label that there is not, or labels where there are none; for a translator DataError
        when the data is missing.
        """
        labels, seed = self.labels(n, y), secrets.randbits(62) if seed is None else seed
        if isinstance(self.procedure, Translator):
            return self._made(n, labels, seed, self.pairs(n, seed)[0])
        return self._made(n, labels, seed)

    def interpolate(
        self,
        rows: int = 8,
        steps: int = 10,
        path: Literal["spherical", "linear"] = "spherical",
        y: Labels = None,
        seed: int | None = None,
        loop: bool = False,
    ) -> Tensor:
        """() -> (rows, steps, *spec.shape): each row goes from one sample to another by the codes between theirs.

        The first samples are those of sample(rows, y, seed): y is a label for all rows, or one for each. Nothing but
        the codes changes along a row. loop: by way of two others back to the first, (rows, 3 * (steps - 1), ...).
        Errors: GanzooError when there are no codes to go between, and those of sample() for labels.
        """
        labels, seed = self.labels(rows, y), secrets.randbits(62) if seed is None else seed
        if self.spec.vocab:
            raise GanzooError("token ids have nothing between them: there is no way from one sample to another.")
        return interpolation.frames(self.procedure, rows, labels, seed, interpolation.places(steps, loop), path)

    def translate(self, a: Tensor, y: Labels = None, seed: int | None = None) -> Tensor:
        """Inputs (N, *shape), images in [-1, 1] -> (N, *spec.shape), likewise; y and seed as for sample().

        Errors: GanzooError when this is no translator, or takes inputs of another shape.
        """
        source = self.translator.source
        if tuple(a.shape[1:]) != tuple(source.shape):
            raise GanzooError(f"inputs have shape {tuple(a.shape[1:])}, and this GAN translates {tuple(source.shape)}.")
        return self._made(len(a), self.labels(len(a), y), secrets.randbits(62) if seed is None else seed, a)

    def pairs(self, n: int, seed: int) -> tuple[Tensor, Tensor]:
        """Inputs (n, *shape) of a translator and what they should become (n, *spec.shape): examples of the run's data.

        Errors: GanzooError when this is no translator, DataError when the data is missing.
        """
        translator = self.translator
        assert self.data, "a Model that was made by hand knows no data"
        with torch.random.fork_rng(devices=[]):
            batch = subset.take_random(self.data(), n, seed)
        device = next(translator.parameters()).device
        with modes.sampling(translator, device, seed):
            return translator.pairs({key: value.to(device) for key, value in batch.items()})

    def read(self, folder: Path) -> Tensor:
        """The pictures in a folder as a translator's inputs (N, *shape), in alphabetical order; cropped to a square.

        Errors: GanzooError when this is no translator, or one of other shapes; DataError for what cannot be read.
        """
        shape = self.translator.source.shape
        if len(shape) != 3 or shape[1] != shape[2]:
            raise GanzooError(f"this GAN translates {tuple(shape)}, and pictures are read as squares.")
        reader = discovery.load().zoo.find("dataset", "ganzoo/folder").load()
        pictures = reader(path=str(folder), size=shape[1], channels=shape[0])
        return subset.take(pictures, [*range(len(pictures))])["x"]

    @property
    def translator(self) -> Translator:
        """The procedure. Errors: GanzooError when it translates nothing."""
        if not isinstance(self.procedure, Translator):
            raise GanzooError("this GAN draws from noise: it translates no inputs.")
        return self.procedure

    def _made(self, n: int, labels: Tensor | None, seed: int, inputs: Tensor | None = None) -> Tensor:
        device = next(self.procedure.parameters()).device
        sizes = [min(CHUNK, n - start) for start in range(0, n, CHUNK)]
        chunks = labels.to(device).split(sizes) if labels is not None else [None] * len(sizes)
        with modes.sampling(self.procedure, device, seed):
            if inputs is not None:
                given = zip(inputs.to(device).split(sizes), chunks, strict=True)
                made = [self.translator.translate(a, chunk) for a, chunk in given]
            else:
                made = [self.procedure.sample(size, chunk) for size, chunk in zip(sizes, chunks, strict=True)]
        empty = torch.empty(0, *self.spec.shape, dtype=torch.long if self.spec.vocab else torch.float32)
        return torch.cat(made) if made else empty

    def text(self, samples: Tensor) -> list[str]:
        """Token ids (n, T), as sample() makes them -> n lines of text. Errors: GanzooError for other samples."""
        if not self.spec.vocab:
            raise GanzooError("these samples are no token ids: they have no text.")
        return tokens.lines(samples, self.words)

    def labels(self, n: int, y: Labels) -> Tensor | None:
        """The labels (n,) that sample(n, y) is asked for; None when the networks take none."""
        if not self.procedure.conditional:
            if y is not None:
                raise GanzooError("this GAN is not conditional: it cannot be asked for a label.")
            return None
        if y is None:
            return preview.classes_in_turn(n, self.spec.classes, torch.device("cpu"))
        if isinstance(y, Tensor):
            y = y.tolist()  # of no dimension: one number
        given = [self.index(y)] * n if isinstance(y, (int, str)) else [self.index(one) for one in list(y)]
        if len(given) != n:
            raise GanzooError(f"{len(given)} labels for {n} samples: give one for each, or one for all.")
        return torch.tensor(given, dtype=torch.long)

    def index(self, label: int | str | Tensor) -> int:
        """A class index from an index or a class name. A text that is a name is one, even if it looks like a number."""
        if isinstance(label, str) and label in self.class_names:
            return self.class_names.index(label)
        if isinstance(label, str) and not label.isdecimal():
            near = did_you_mean(label, self.class_names)
            names = ", ".join(self.class_names[:80])
            raise GanzooError(f"no class {label!r}.{near} Classes: {names or f'0 to {self.spec.classes - 1}'}.")
        if not 0 <= int(label) < self.spec.classes:
            raise GanzooError(
                f"no class {int(label)}: there are {self.spec.classes}, from 0 to {self.spec.classes - 1}."
            )
        return int(label)
