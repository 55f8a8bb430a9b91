"""Draws: so many samples of a seed and a class, as `ganzoo sample` draws them."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from torch import Tensor

from ganzoo.errors import GanzooError
from ganzoo.interfaces import Spec
from ganzoo.sampling import preview, writer
from ganzoo.sampling.model import Model

SEEDS = 2**53  # every whole number below it is one in a browser too
LINES = 16  # of text at first


@dataclass(frozen=True)
class Draw:
    """count samples of a seed. label: the number of a class for all of them; None for every class in turn."""

    count: int
    seed: int = 0
    label: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.seed < SEEDS:
            raise GanzooError(f"a seed is a whole number from 0 to {SEEDS - 1}.")


def count(model: Model) -> int:
    """How many samples are drawn at first: as many of each class in turn."""
    spec, turn = model.spec, model.spec.classes if model.procedure.conditional else 0
    if spec.vocab:
        return LINES
    if not spec.is_image:
        return preview.POINTS
    return turn * max(1, preview.CELLS // turn) if turn else preview.CELLS


def most(spec: Spec) -> int:
    """How many samples may be drawn at once."""
    return 256 if spec.is_image or spec.vocab else 10_000


def samples(model: Model, draw: Draw) -> Tensor:
    """() -> (count, *spec.shape), those of model.sample(). Errors: GanzooError, as there, or for too many."""
    if not 1 <= draw.count <= most(model.spec):
        raise GanzooError(f"{draw.count} samples: draw 1 to {most(model.spec)} at once.")
    return model.sample(draw.count, draw.label, draw.seed)


def columns(model: Model, draw: Draw) -> int:
    """Of the grid that `ganzoo sample` makes of a draw."""
    return writer.columns(draw.count, model.spec.classes if model.procedure.conditional and draw.label is None else 0)


def command(model: Model, draw: Draw, place: str) -> str:
    """The command that writes the picture of a draw, of the run at `place`."""
    words = ["ganzoo", "sample", place, "-n", str(draw.count), "--seed", str(draw.seed)]
    if draw.label is not None:
        names = model.class_names
        words += ["--label", names[draw.label] if draw.label < len(names) else str(draw.label)]
    return shlex.join(words)
