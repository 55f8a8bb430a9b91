"""Requested samples and translations, equal to those of `ganzoo sample`."""

from __future__ import annotations

import shlex
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from ganzoo.errors import DataError, GanzooError
from ganzoo.interfaces import Spec
from ganzoo.sampling import preview, writer
from ganzoo.sampling.model import Model

SEEDS = 2**53  # smaller integers are exact in a browser too
LINES = 16  # of text at first

Columns = list[Tensor]
"""Inputs, outputs and, where they are known, targets of a translator: (N, *shape) each."""


@dataclass(frozen=True)
class Request:
    """Samples to generate.

    Args:
        count: Number of samples.
        seed: Seed, from 0 to 2**53 - 1.
        label: Index of the class of all samples, or None for every class in turn.
        truncation: As for Model.sample().

    Raises:
        GanzooError: The seed is out of range.
    """

    count: int
    seed: int = 0
    label: int | None = None
    truncation: float | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.seed < SEEDS:
            raise GanzooError(f"a seed is a whole number from 0 to {SEEDS - 1}.")


def default_count(model: Model) -> int:
    """Return the number of samples that the page shows at first: equally many of each class."""
    spec = model.spec
    if spec.vocab:
        return LINES
    if not spec.is_image:
        return preview.POINTS
    classes = spec.classes if model.procedure.conditional else 0
    return classes * (preview.CELLS // classes) if 0 < classes <= preview.CELLS else preview.CELLS


def largest_count(spec: Spec) -> int:
    """Return the largest number of samples that a request may have."""
    return 256 if spec.is_image or spec.vocab else 10_000


def generate(model: Model, request: Request) -> Tensor:
    """Generate the samples (count, *spec.shape) of a request, those of Model.sample().

    Args:
        model: The model.
        request: The request.

    Returns:
        The samples.

    Raises:
        GanzooError: Too many samples are requested, or Model.sample() fails.
    """
    most = largest_count(model.spec)
    if not 1 <= request.count <= most:
        raise GanzooError(f"{request.count} samples: request 1 to {most} at once.")
    return model.sample(request.count, request.label, request.seed, request.truncation)


def columns(model: Model, request: Request) -> int:
    """Return the columns of the grid that `ganzoo sample` writes for a request."""
    in_turn = model.procedure.conditional and request.label is None
    return writer.columns(request.count, model.spec.classes if in_turn else 0)


def command(model: Model, request: Request, path: str) -> str:
    """Return the command that writes the picture of a request.

    Args:
        model: The model.
        request: The request.
        path: The run, as the user gave it.

    Returns:
        The command line, quoted for a shell.
    """
    words = ["ganzoo", "sample", path, "-n", str(request.count), "--seed", str(request.seed)]
    if request.label is not None:
        names = model.class_names
        words += ["--label", names[request.label] if request.label < len(names) else str(request.label)]
    if request.truncation is not None:
        words += ["--truncation", f"{request.truncation:g}"]
    return shlex.join(words)


def translated_examples(model: Model, request: Request) -> Columns:
    """Translate examples of a translator's data, those of `ganzoo sample`.

    Args:
        model: A translator.
        request: Number and seed of the examples, and their class.

    Returns:
        Inputs, outputs and, where they belong to the inputs, targets.

    Raises:
        DataError: The data are missing.
    """
    inputs, targets = model.pairs(request.count, request.seed)
    outputs = model.translate(inputs, model.labels(request.count, request.label), request.seed)
    return [inputs, outputs, targets] if model.translator.needs_pairs else [inputs, outputs]


def translated_picture(model: Model, request: Request, file: Path) -> Columns:
    """Translate an uploaded picture, read as by `ganzoo sample --input`.

    Args:
        model: A translator.
        request: Seed and class of the translation.
        file: The uploaded file.

    Returns:
        Input and output.

    Raises:
        DataError: The file cannot be read as a picture.
        GanzooError: The inputs of this translator are no pictures.
    """
    with tempfile.TemporaryDirectory() as folder:
        shutil.copyfile(file, Path(folder) / f"picture{file.suffix.lower()}")  # its own name has no meaning
        try:
            inputs = model.read(Path(folder))
        except DataError as error:
            raise DataError(
                "this file cannot be read as a picture: it is damaged, larger than 64 megapixels, or of a format that "
                "is not supported. Take a PNG or a JPEG."
            ) from error
    return [inputs, model.translate(inputs, model.labels(1, request.label), request.seed)]
