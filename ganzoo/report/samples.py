"""Samples that are generated for a report: classes, interpolations, and samples with their nearest training pictures.

A section whose weights, data or plugins are missing says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from ganzoo.config import instantiate
from ganzoo.data import subset
from ganzoo.errors import DataError, GanzooError
from ganzoo.interfaces import Dataset
from ganzoo.report.pictures import Picture, embedded
from ganzoo.sampling import interpolation
from ganzoo.sampling.model import Model
from ganzoo.sampling.run import Run
from ganzoo.visualization import grid

SEED = 0
CLASSES, OF_EACH = 40, 6  # classes at most, and samples of each
INTERPOLATIONS, STEPS = 6, 10
ROW_WIDTH = 170  # pixels, about, at which a row of pictures is shown
SAMPLES, NEAREST = 6, 4  # samples, and training pictures for each
COMPARED = 20_000  # training examples at most; a tenth if each is read from a file
NUMBERS = 2**26  # in all compared examples at most: 256 MiB
TYPICAL = 64  # training examples from which the typical distance is computed


@dataclass(frozen=True)
class Section:
    """Pictures with a caption each, and a description; without pictures, the description says why there are none."""

    pictures: Sequence[tuple[str, Picture]]
    description: str


@dataclass(frozen=True)
class GeneratedSamples:
    """Sections of generated samples; None for those that do not apply to the run."""

    classes: Section | None
    interpolations: Section | None
    neighbours: Section | None


def generate(run: Run, checkpoint: Path | None) -> GeneratedSamples:
    """Generate samples for a report; missing weights or data are described instead of raising an error.

    Args:
        run: The run.
        checkpoint: One of its checkpoints, or None for the newest.

    Returns:
        The sections of the report.
    """
    try:
        model = run.load(checkpoint)
    except GanzooError:
        missing = Section([], "The weights cannot be loaded: the checkpoint or a plugin is missing, or damaged.")
        return GeneratedSamples(None, missing, None)
    return GeneratedSamples(
        _attempt(lambda: classes(model)),
        _attempt(lambda: interpolations(model)),
        _attempt(lambda: neighbours(model)),
    )


def _attempt(section: Callable[[], Section | None]) -> Section | None:
    """Return a section, or one without pictures if data are missing. The error itself may name local folders."""
    try:
        return section()
    except DataError:
        return Section([], "The data are not available, so this cannot be shown.")
    except (GanzooError, ValueError):
        return None


def classes(model: Model) -> Section | None:
    """Return samples of each class with its name, or None for a model without classes or images."""
    if not model.procedure.conditional or not model.spec.is_image:
        return None
    shown = min(model.spec.classes, CLASSES)
    y = [label for label in range(shown) for _ in range(OF_EACH)]
    samples = model.sample(len(y), y, SEED).unflatten(0, (shown, OF_EACH))  # -> (shown, OF_EACH, C, H, W)
    names = [*model.class_names, *map(str, range(len(model.class_names), shown))]
    pictures = [(names[k], embedded(grid.picture(row, OF_EACH), ROW_WIDTH)) for k, row in enumerate(samples)]
    of_all = f", the first {shown} of {model.spec.classes} classes" if shown < model.spec.classes else ""
    return Section(pictures, f"{OF_EACH} samples of each class{of_all}; seed {SEED}.")


def interpolations(model: Model) -> Section | None:
    """Return interpolations between samples."""
    samples = model.interpolate(INTERPOLATIONS, STEPS, seed=SEED)  # (INTERPOLATIONS, STEPS, *shape)
    if samples.dim() == 5:
        picture = embedded(grid.picture(samples.flatten(0, 1), STEPS), 480)
        layout = "Each row goes from one sample to another"
    else:
        picture = embedded(interpolation.lines(samples))
        layout = "Each line goes from one sample, with a ring, to another"
    return Section([("", picture)], f"{layout}, along the great circle between their codes; seed {SEED}.")


def neighbours(model: Model) -> Section | None:
    """Return samples with the training pictures that have the smallest pixel distances, or None without images."""
    if not model.spec.is_image or model.recipe is None:
        return None
    with torch.random.fork_rng(devices=[]):
        data = instantiate.dataset(model.recipe)
        x = _examples(data)  # (M, D)
        if x is None:
            return None
        samples = model.sample(SAMPLES, seed=SEED)
    distances, indices = _distances(samples.flatten(1), x).topk(NEAREST, largest=False)  # (SAMPLES, NEAREST)
    some = x[:TYPICAL]
    typical = _distances(some, x).topk(2, largest=False).values[:, 1].median().item()  # the nearest is itself
    pictures = []
    for sample, nearest, far in zip(samples, indices, distances, strict=True):
        row = torch.cat([sample[None], x[nearest].unflatten(1, sample.shape)])  # (1 + NEAREST, C, H, W)
        caption = " · ".join(f"{distance:.2f}" for distance in far.tolist())
        pictures.append((caption, embedded(grid.picture(row, len(row)), ROW_WIDTH)))
    description = (
        f"A sample on the left, and the {NEAREST} nearest of {len(x):,} training pictures with their distances: root "
        f"mean square over pixels in [-1, 1]. A typical distance between a training picture and the nearest other one "
        f"is {typical:.2f} (median of {len(some)}). Much smaller distances indicate memorized pictures. Copies that "
        "are shifted, rotated or mirrored are not found."
    )
    return Section(pictures, description)


def _examples(data: Dataset) -> Tensor | None:
    """Return training images (M, D), all of them or a random part; of pairs, the targets."""
    most = min(COMPARED if data.in_memory else COMPARED // 10, NUMBERS // data.spec.size)
    batch = subset.take_random(data, min(len(data), most), SEED)
    x = batch.get("x", batch.get("b"))
    return None if x is None else x.flatten(1)


def _distances(a: Tensor, b: Tensor) -> Tensor:
    """Return the root mean square differences (N, M) of the rows of a (N, D) and b (M, D)."""
    scale: float = a.shape[1] ** 0.5
    return torch.cdist(a, b) / scale
