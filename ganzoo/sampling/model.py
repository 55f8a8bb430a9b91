"""Trained models, which generate samples, interpolate between them, and translate inputs."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import cached_property, partial
from pathlib import Path
from typing import Literal

import torch
from PIL.Image import Image
from torch import Tensor

from ganzoo.config import instantiate
from ganzoo.config.recipe import Recipe
from ganzoo.data import subset
from ganzoo.data.loader import normalised
from ganzoo.errors import DataError, GanzooError, did_you_mean, one_line
from ganzoo.interfaces import Dataset, Spec
from ganzoo.procedure import Procedure
from ganzoo.registry import discovery
from ganzoo.sampling import any_size, chunk_size, interpolation, latents, preview, tokens
from ganzoo.translator import Translator
from ganzoo.utils import modes
from ganzoo.utils.rng import OwnNoise
from ganzoo.utils.unicode import composed, well_formed
from ganzoo.visualization import grid
from ganzoo.visualization.png import to_png

Labels = int | str | Sequence[int | str] | Tensor | None
_BUILDING = threading.Lock()  # held while a dataset is built


class Model:
    """Trained networks that generate samples.

    Args:
        procedure: The trained procedure, in evaluation mode.
        spec: Spec of the data that it was trained on.
        class_names: Names of the classes of that data; bytes that are no UTF-8 are written as escapes.
        words: Text of each token id of that data.
        recipe: The recipe of the run, if it is known.
        data: Makes the dataset, for translators; by default the dataset of the recipe.
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
        self.class_names = [*map(well_formed, class_names)]
        self.words = list(words)
        self.recipe = recipe
        self.data = partial(instantiate.dataset, recipe) if recipe and not data else data

    def sample(self, n: int, y: Labels = None, seed: int | None = None, truncation: float | None = None) -> Tensor:
        """Generate samples. A translator translates the inputs of pairs(n, seed).

        Args:
            n: Number of samples.
            y: Class index or name of all samples, or n of them; by default all classes in turn.
            seed: Seed of the noise: the same seed gives the same samples. Random by default.
            truncation: Largest absolute value of a code from a normal prior, such as 0.7 for samples of higher quality
                that differ less; see Generator.truncated(). By default none.

        Returns:
            Samples (n, *spec.shape), images in [-1, 1].

        Raises:
            GanzooError: There is no such class, the model is not conditional, or it cannot be truncated.
            DataError: The data that a translator needs is missing.
        """
        return self._joined(self.stream(n, y, seed, truncation))

    def show(
        self,
        samples: int | Tensor | None = None,
        y: Labels = None,
        seed: int | None = None,
        truncation: float | None = None,
        columns: int | None = None,
    ) -> Image:
        """Draw a picture of samples: a grid of images, a plot of points, or a histogram of values.

        Args:
            samples: Number of samples to generate, or samples (N, *spec.shape) to draw; by default as many as the
                grids of a run have.
            y: Class index or name of all samples, or one for each, as for sample().
            seed: Seed of the noise, as for sample().
            truncation: As for sample().
            columns: Columns of a grid of images; by default 8, or one for each class of a conditional model.

        Returns:
            The picture, which notebooks display and `save("samples.png")` writes.

        Raises:
            GanzooError: As for sample(), or samples have no picture, such as text.
        """
        count, usual = preview.layout(self.spec, self.procedure.conditional and y is None)
        if samples is None and y is None and self.procedure.conditional:
            y = preview.labels(self.spec, count)
        samples = count if samples is None else samples
        drawn = samples if isinstance(samples, Tensor) else self.sample(samples, y, seed, truncation)
        if not len(drawn):
            raise GanzooError("no samples have no picture: give a number of at least 1.")
        try:
            return grid.picture(drawn, columns or usual)
        except ValueError as error:
            remedy = " Print text(samples) instead." if self.spec.vocab else ""
            raise GanzooError(f"{error}.{remedy}") from error

    def _repr_png_(self) -> bytes | None:
        """Return a grid of samples, always of the same noise, for notebooks; None where there is no picture."""
        try:
            return to_png(self.show(seed=0))
        except GanzooError:
            return None

    def score(self, x: Tensor, y: Labels = None) -> Tensor:
        """Score given samples, by default by the logit of the discriminator; see Procedure.score().

        Args:
            x: Samples (N, *spec.shape), images in [-1, 1].
            y: Class index or name of all samples, or N of them, for a discriminator that needs it; ignored by others.

        Returns:
            Scores (N,) on the CPU, larger for samples that look real.

        Raises:
            GanzooError: The samples have another shape, there is no such class, or this GAN cannot score.
        """
        if tuple(x.shape[1:]) != tuple(self.spec.shape):
            raise GanzooError(f"samples have shape {tuple(x.shape[1:])}, and this GAN knows {tuple(self.spec.shape)}.")
        labels = None if y is None or not self.scores_by_label else self._indices(len(x), y)
        device = next(self.procedure.parameters()).device
        scores = [torch.empty(0)]
        size = self.chunk(len(x))
        for start in range(0, len(x), size):
            chunk = x[start : start + size].to(device)
            of_chunk = None if labels is None else labels[start : start + size].to(device)
            with modes.sampling_with(self.procedure, OwnNoise(0)):
                scores.append(self._scored(chunk, of_chunk).float().cpu())
        return torch.cat(scores)

    @property
    def scores_by_label(self) -> bool:
        """True when score() needs labels."""
        return any(discriminator.conditional for discriminator in self.procedure.discriminators())

    def _scored(self, x: Tensor, y: Tensor | None) -> Tensor:
        try:
            scores = self.procedure.score(x, y)
        except instantiate.REFUSALS as error:
            raise GanzooError(f"this GAN cannot score single samples: {error}") from error
        if tuple(scores.shape) != (len(x),):
            raise GanzooError(f"this GAN scores {len(x)} samples by a tensor of shape {tuple(scores.shape)}.")
        return scores

    def interpolate(
        self,
        rows: int = 8,
        steps: int = 10,
        path: Literal["spherical", "linear"] = "spherical",
        y: Labels = None,
        seed: int | None = None,
        loop: bool = False,
    ) -> Tensor:
        """Interpolate between samples in latent space. Along a row, only the code changes.

        Args:
            rows: Number of interpolations.
            steps: Samples from one end to the other, both included.
            path: Interpolation between two codes.
            y: Class index or name of all rows, or one for each; by default all classes in turn.
            seed: Seed of the codes and all other noise. The first samples are those of sample(rows, y, seed).
            loop: Continue through a third sample back to the first.

        Returns:
            Samples (rows, steps, *spec.shape), or (rows, 3 * (steps - 1), *spec.shape) for a loop.

        Raises:
            GanzooError: The model has no latent codes, its samples are token ids, or a label is wrong.
        """
        labels, seed = self.labels(rows, y), secrets.randbits(62) if seed is None else seed
        if self.spec.vocab:
            raise GanzooError("token ids have no values in between: this GAN cannot interpolate.")
        return interpolation.frames(self.procedure, rows, labels, seed, interpolation.places(steps, loop), path)

    def translate(
        self, a: Tensor, y: Labels = None, seed: int | None = None, reverse: bool = False, tile: int | None = None
    ) -> Tensor:
        """Translate inputs, of any height and width if the generator is made of convolutions.

        Args:
            a: Inputs (N, *source.shape), images in [-1, 1]; samples (N, *spec.shape) for the other direction.
            y: Labels, as for sample().
            seed: Seed of the noise, as for sample().
            reverse: Translate samples into inputs, by a GAN that learns both directions.
            tile: Translate images in squares of this side, which bounds the memory; by default as a whole.

        Returns:
            Translations (N, *spec.shape), images in [-1, 1]; (N, *source.shape) for the other direction. Their sides
            are in proportion where inputs have other ones.

        Raises:
            GanzooError: The model is no translator, takes inputs of another shape, or learns one direction.
        """
        source, target = self.ends(reverse)
        other_size = tuple(a.shape[1:]) != tuple(source.shape)
        if other_size and (a.dim() != 4 or a.shape[1] != source.shape[0] or not self.translator.multiple):
            raise GanzooError(f"inputs have shape {tuple(a.shape[1:])}, and this GAN translates {tuple(source.shape)}.")
        labels, noise = self.labels(len(a), y), OwnNoise(secrets.randbits(62) if seed is None else seed)
        if other_size or tile:
            return torch.cat([self._translate_any_size(*one, noise, reverse, tile) for one in _one_by_one(a, labels)])
        size = self.chunk(len(a))
        chunks = labels.split(size) if labels is not None else [None] * -(-len(a) // size)
        parts = zip(a.split(size), chunks, strict=True)
        outputs = [self._translate(inputs, chunk, noise, reverse) for inputs, chunk in parts]
        return torch.cat(outputs) if outputs else torch.empty(0, *target.shape)

    def ends(self, reverse: bool = False) -> tuple[Spec, Spec]:
        """Return the spec of what a translator is given, and that of what it returns.

        Args:
            reverse: In the other direction.

        Returns:
            Both specs.

        Raises:
            GanzooError: The model is no translator, or learns one direction only.
        """
        if not reverse:
            return self.translator.source, self.spec
        if not self.translator.two_way:
            raise GanzooError("this GAN translates in one direction only: leave out --reverse.")
        return self.spec, self.translator.source

    def _translate_any_size(
        self, a: Tensor, y: Tensor | None, noise: OwnNoise, reverse: bool, tile: int | None
    ) -> Tensor:
        """Translate an image (1, C, H, W) of any size."""
        source, target = self.ends(reverse)
        if not self.translator.multiple:
            raise GanzooError("this GAN translates images of one size only: leave out --full-size and --tile.")
        scale = Fraction(target.shape[-1], source.shape[-1])
        run = partial(self._translate, y=y, noise=noise, reverse=reverse)
        return any_size.translate(run, a, self.translator.multiple, scale, tile)

    def pairs(self, n: int, seed: int) -> tuple[Tensor, Tensor]:
        """Return inputs for a translator, with their targets, from random examples of its training data.

        Where the data is two sets, the targets are samples that do not belong to the inputs.

        Args:
            n: Number of examples.
            seed: Seed that selects them.

        Returns:
            Inputs (n, *source.shape) and targets (n, *spec.shape).

        Raises:
            GanzooError: The model is no translator.
            DataError: The data is missing.
        """
        inputs, targets = zip(*self._pairs(n, seed), strict=True)
        return torch.cat(inputs), torch.cat(targets)

    def _pairs(self, n: int, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
        translator = self.translator
        assert self.data, "a Model without recipe and data has no examples"
        noise = OwnNoise(seed)
        try:
            with _BUILDING, torch.random.fork_rng(devices=[]):  # building seeds PyTorch's generator
                dataset = self.data()
                indices = subset.random_indices(dataset, n, seed)
        except DataError as error:
            raise DataError(f"{error.message} For other pictures: `ganzoo sample RUN --input FOLDER`.") from error
        device = next(translator.parameters()).device
        size = self.chunk(n)
        for start in range(0, n, size):
            with OwnNoise(seed):  # for datasets that draw random numbers
                batch = subset.take(dataset, indices[start : start + size])
            with modes.sampling_with(translator, noise):
                yield translator.pairs({key: value.to(device) for key, value in batch.items()})

    def read(self, folder: Path, reverse: bool = False) -> Tensor:
        """Read the pictures in a folder as inputs for a translator, cropped to squares and resized.

        Args:
            folder: The folder.
            reverse: For the other direction.

        Returns:
            Inputs (N, *source.shape), in alphabetical order of the files.

        Raises:
            GanzooError: The model is no translator, its inputs are no square images, or there is no such folder.
            DataError: A picture cannot be read.
        """
        pictures = self.pictures(folder, reverse)
        return subset.take(pictures, [*range(len(pictures))])["x"]

    def pictures(self, folder: Path, reverse: bool = False) -> Dataset:
        """Return the pictures in a folder as a dataset of inputs "x"; see read()."""
        shape = self.ends(reverse)[0].shape
        if len(shape) != 3:
            raise GanzooError(f"this GAN translates {tuple(shape)}, which are no pictures.")
        if not folder.is_dir():
            what = "it is a file" if folder.exists() else "it is not there"
            raise GanzooError(f"no folder of input pictures {str(folder)!r}: {what}. Give a folder (--input FOLDER).")
        reader = discovery.load().zoo.find("dataset", "ganzoo/folder").load()
        pictures: Dataset = reader(path=str(folder), size=shape[1:], channels=shape[0])
        return pictures

    @property
    def translator(self) -> Translator:
        """The procedure as a translator; a GanzooError when it is none."""
        if not isinstance(self.procedure, Translator):
            raise GanzooError("this GAN generates samples from noise: it translates no inputs.")
        return self.procedure

    def stream(
        self, n: int, y: Labels = None, seed: int | None = None, truncation: float | None = None
    ) -> Iterator[Tensor]:
        """Yield the samples of sample() in parts, as they are drawn, for more of them than memory holds.

        Args:
            n: Number of samples.
            y: Labels, as for sample().
            seed: Seed of the noise, as for sample().
            truncation: As for sample().

        Yields:
            Samples (at most chunk(n), *spec.shape).

        Raises:
            GanzooError: As for sample().
        """
        labels, seed = self.labels(n, y), secrets.randbits(62) if seed is None else seed
        if isinstance(self.procedure, Translator):
            latents.truncations(self.procedure, truncation)  # refuses
            yield from (outputs for _, outputs, _ in self.stream_translations(n, y, seed))
        else:
            yield from self._generate(n, labels, seed, truncation)

    def stream_translations(
        self,
        n: int,
        y: Labels,
        seed: int,
        pictures: Dataset | None = None,
        reverse: bool = False,
        full_size: bool = False,
        tile: int | None = None,
    ) -> Iterator[tuple[Tensor, Tensor, Tensor | None]]:
        """Yield the translations of translate() in parts, as they are made.

        Args:
            n: Number of inputs.
            y: Labels, as for sample().
            seed: Seed of the noise, and of the choice of the examples.
            pictures: The inputs, by pictures(); None for examples of pairs(n, seed).
            reverse: In the other direction; pairs change places.
            full_size: Translate each picture in its own size.
            tile: Side of the tiles of a translation in full size; None for whole pictures.

        Yields:
            Inputs (at most chunk(n), *source.shape), outputs (..., *spec.shape), and targets or None.
        """
        labels, noise = self.labels(n, y), OwnNoise(seed)
        examples = self._examples(n, seed, reverse) if pictures is None else self._inputs(pictures, full_size)
        done = 0
        for a, target in examples:
            chunk = labels[done : done + len(a)].to(a.device) if labels is not None else None
            done += len(a)
            if full_size:
                yield a, self._translate_any_size(a, chunk, noise, reverse, tile), target
            else:
                yield a, self._translate(a, chunk, noise, reverse), target

    def _examples(self, n: int, seed: int, reverse: bool) -> Iterator[tuple[Tensor, Tensor | None]]:
        """Yield inputs of a direction with their targets, or None where the data has none that belong to them."""
        for a, b in self._pairs(n, seed):
            given, target = (b, a) if reverse else (a, b)
            yield given, target if self.translator.needs_pairs else None

    def _translate(self, a: Tensor, y: Tensor | None, noise: OwnNoise, reverse: bool = False) -> Tensor:
        device = next(self.procedure.parameters()).device
        run = self.translator.translate_back if reverse else self.translator.translate
        with modes.sampling_with(self.procedure, noise):
            return run(a.to(device), y.to(device) if y is not None else None)

    def _generate(self, n: int, labels: Tensor | None, seed: int, truncation: float | None = None) -> Iterator[Tensor]:
        device, noise = next(self.procedure.parameters()).device, OwnNoise(seed)
        at_once = self.chunk(n)
        for start in range(0, n, at_once):
            size = min(at_once, n - start)
            chunk = labels[start : start + size].to(device) if labels is not None else None
            with modes.sampling_with(self.procedure, noise), latents.truncated(self.procedure, truncation):
                samples = self.procedure.sample(size, chunk)
            yield samples

    def _inputs(self, pictures: Dataset, full_size: bool) -> Iterator[tuple[Tensor, None]]:
        if full_size:
            for i in range(len(pictures)):
                yield normalised({"x": pictures.whole_picture(i)[None]})["x"], None
            return
        size = self.chunk(len(pictures))
        for start in range(0, len(pictures), size):
            yield subset.take(pictures, [*range(start, min(start + size, len(pictures)))])["x"], None

    def chunk(self, n: int) -> int:
        """Return how many of n samples are generated at once, for a bounded memory.

        Args:
            n: Number of samples.

        Returns:
            At least 1.
        """
        return chunk_size.STEP if n <= chunk_size.STEP else self._measured_chunk

    @cached_property
    def _measured_chunk(self) -> int:
        device = next(self.procedure.parameters()).device
        y = torch.zeros(1, dtype=torch.long, device=device) if self.procedure.conditional else None

        def generate_one() -> Tensor:
            with modes.sampling_with(self.procedure, OwnNoise(0)):
                if isinstance(self.procedure, Translator):
                    return self.procedure.translate(torch.zeros(1, *self.procedure.source.shape, device=device), y)
                return self.procedure.sample(1, y)

        return chunk_size.measure(self.procedure, generate_one)

    def _joined(self, parts: Iterator[Tensor]) -> Tensor:
        empty = torch.empty(0, *self.spec.shape, dtype=torch.long if self.spec.vocab else torch.float32)
        return torch.cat(joined) if (joined := [*parts]) else empty

    def text(self, samples: Tensor) -> list[str]:
        """Return samples of token ids as text.

        Args:
            samples: Token ids (n, T), as sample() returns them.

        Returns:
            n lines.

        Raises:
            GanzooError: The samples are not token ids.
        """
        if not self.spec.vocab:
            raise GanzooError("these samples are not token ids: they have no text.")
        return tokens.lines(samples, self.words)

    def labels(self, n: int, y: Labels) -> Tensor | None:
        """Return the labels of n samples.

        Args:
            n: Number of samples.
            y: Class index or name of all samples, or n of them; by default all classes in turn.

        Returns:
            Class indices, int64 (n,); None when the model is not conditional.

        Raises:
            GanzooError: There is no such class, the number of labels is not n, or the model is not conditional.
        """
        if not self.procedure.conditional:
            if y is not None:
                raise GanzooError("this GAN is not conditional: it takes no label.")
            return None
        if y is None:
            return preview.classes_in_turn(n, self.spec.classes, torch.device("cpu"))
        return self._indices(n, y)

    def _indices(self, n: int, y: int | str | Sequence[int | str] | Tensor) -> Tensor:
        if isinstance(y, Tensor):
            y = y.tolist()  # one number for a tensor without dimensions
        indices = [self.index(y)] * n if isinstance(y, (int, str)) else [self.index(label) for label in list(y)]
        if len(indices) != n:
            raise GanzooError(f"{len(indices)} labels for {n} samples: give one for each, or one for all.")
        return torch.tensor(indices, dtype=torch.long)

    def index(self, label: int | str | Tensor) -> int:
        """Return the class index of an index or a class name. Text that is a class name is one, even if it is a number.

        Names are compared in Unicode's composed form, too: macOS stores the names of folders decomposed.

        Args:
            label: Index or name.

        Returns:
            The index.

        Raises:
            GanzooError: There is no such class.
        """
        if isinstance(label, str) and label in self.class_names:
            return self.class_names.index(label)
        if isinstance(label, str) and _comparable(label) in (names := [*map(_comparable, self.class_names)]):
            return names.index(_comparable(label))
        if isinstance(label, str) and not label.isdecimal():
            near = did_you_mean(label, self.class_names)
            listed = ", ".join(map(one_line, self.class_names[:80]))
            raise GanzooError(f"no class {label!r}.{near} Classes: {listed or f'0 to {self.spec.classes - 1}'}.")
        if not 0 <= int(label) < self.spec.classes:
            raise GanzooError(
                f"no class {int(label)}: there are {self.spec.classes}, from 0 to {self.spec.classes - 1}."
            )
        return int(label)


def _one_by_one(a: Tensor, y: Tensor | None) -> Iterator[tuple[Tensor, Tensor | None]]:
    for i in range(len(a)):
        yield a[i, None], None if y is None else y[i, None]


def _comparable(name: str) -> str:
    return composed(well_formed(name))
