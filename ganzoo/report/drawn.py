"""What a report draws anew from a run's weights: each class by its name, the way between samples, nearest neighbours.

Whatever is missing for one of them, weights or data or a plugin, is told in its place.
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
CLASSES, OF_EACH = 40, 6  # that are shown
WALKS, STEPS = 6, 10
STRIP = 170  # pixels of width that a row of pictures is brought near to
SAMPLES, NEAREST = 6, 4  # with their neighbours
LOOKED_AT = 20_000  # training examples at most; a tenth of them where each is read from a file
NUMBERS = 2**26  # in all of them at most: 256 MiB
USUAL = 64  # of them whose own distances say what is usual


@dataclass(frozen=True)
class Section:
    """Pictures with a name each, and a sentence; a sentence alone where there are none."""

    pictures: Sequence[tuple[str, Picture]]
    told: str


@dataclass(frozen=True)
class Drawn:
    """None of what makes no sense for the run."""

    classes: Section | None
    walks: Section | None
    neighbours: Section | None


def draw(run: Run, checkpoint: Path | None) -> Drawn:
    """From the newest checkpoint of a run, or the one given. Never fails for what a user can mend."""
    try:
        model = run.load(checkpoint)
    except GanzooError:
        missing = Section([], "The weights cannot be loaded here: the checkpoint or a plugin is missing, or damaged.")
        return Drawn(None, missing, None)
    return Drawn(_told(lambda: classes(model)), _told(lambda: walks(model)), _told(lambda: neighbours(model)))


def _told(section: Callable[[], Section | None]) -> Section | None:
    """The message of an error may name folders: the kind of it says enough here."""
    try:
        return section()
    except DataError:
        return Section([], "The data is not here, so that this cannot be drawn.")
    except (GanzooError, ValueError):
        return None


def classes(model: Model) -> Section | None:
    """Samples of each class, by its name."""
    if not model.procedure.conditional or not model.spec.is_image:
        return None
    shown = min(model.spec.classes, CLASSES)
    y = [label for label in range(shown) for _ in range(OF_EACH)]
    samples = model.sample(len(y), y, SEED).unflatten(0, (shown, OF_EACH))  # -> (shown, OF_EACH, C, H, W)
    names = [*model.class_names, *map(str, range(len(model.class_names), shown))]
    pictures = [(names[k], embedded(grid.picture(row, OF_EACH), STRIP)) for k, row in enumerate(samples)]
    of_all = f", the first {shown} of {model.spec.classes} classes" if shown < model.spec.classes else ""
    return Section(pictures, f"{OF_EACH} samples of each class{of_all}; seed {SEED}.")


def walks(model: Model) -> Section | None:
    """Rows from one sample to another."""
    found = model.interpolate(WALKS, STEPS, seed=SEED)
    if found.dim() == 5:
        picture = embedded(grid.picture(found.flatten(0, 1), STEPS), 480)
        what = "Each row goes from one sample to another"
    else:
        picture = embedded(interpolation.lines(found))
        what = "Each line goes from one sample, with a ring, to another"
    return Section([("", picture)], f"{what}, along the great circle between their codes; seed {SEED}.")


def neighbours(model: Model) -> Section | None:
    """Samples and the training examples nearest to them, pixel by pixel."""
    if not model.spec.is_image or model.recipe is None:
        return None
    with torch.random.fork_rng(devices=[]):
        data = instantiate.dataset(model.recipe)
        x = _examples(data)  # (M, D)
        if x is None:
            return None
        samples = model.sample(SAMPLES, seed=SEED)
    near, where = _distances(samples.flatten(1), x).topk(NEAREST, largest=False)  # (SAMPLES, NEAREST)
    own = x[:USUAL]
    usual = _distances(own, x).topk(2, largest=False).values[:, 1].median().item()  # the nearest is itself
    pictures = []
    for sample, numbers, distances in zip(samples, where, near, strict=True):
        row = torch.cat([sample[None], x[numbers].unflatten(1, sample.shape)])  # (1 + NEAREST, C, H, W)
        pictures.append(
            (" · ".join(f"{one:.2f}" for one in distances.tolist()), embedded(grid.picture(row, len(row)), STRIP))
        )
    told = (
        f"On the left a sample, then the {NEAREST} training pictures nearest to it of {len(x):,} that were looked at, "
        f"with their distances: root mean square over pixels in [-1, 1]. Between training pictures and their nearest "
        f"others it is {usual:.2f} (median of {len(own)}). Far smaller ones are a sign of pictures learned by heart; "
        "pixels do not see copies that are moved, turned or mirrored."
    )
    return Section(pictures, told)


def _examples(data: Dataset) -> Tensor | None:
    """Images (M, D) that are trained on, all or LOOKED_AT drawn by the seed; of pairs, what comes out."""
    most = min(LOOKED_AT if data.in_memory else LOOKED_AT // 10, NUMBERS // data.spec.size)
    batch = subset.take_random(data, min(len(data), most), SEED)
    x = batch.get("x", batch.get("b"))
    return None if x is None else x.flatten(1)


def _distances(a: Tensor, b: Tensor) -> Tensor:
    """(N, D), (M, D) -> (N, M): root mean square differences."""
    scale: float = a.shape[1] ** 0.5
    return torch.cdist(a, b) / scale
