"""What a translator makes of examples of its data, or of somebody's own picture."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from torch import Tensor

from ganzoo.errors import DataError
from ganzoo.play.draws import Draw
from ganzoo.sampling.model import Model

Columns = list[Tensor]
"""Inputs, outputs and, where it is known, what they should have become: (N, *shape) each."""


def examples(model: Model, draw: Draw) -> Columns:
    """Those of `ganzoo sample`. Errors: DataError when the data is missing."""
    inputs, truth = model.pairs(draw.count, draw.seed)
    return [inputs, model.translate(inputs, model.labels(draw.count, draw.label), draw.seed), truth]


def own(model: Model, draw: Draw, file: Path) -> Columns:
    """Of a picture, read as `ganzoo sample --input` reads a folder; nobody knows what it should become.

    Errors: DataError for what is no picture; GanzooError for a GAN that translates something else.
    """
    with tempfile.TemporaryDirectory() as folder:
        shutil.copyfile(file, Path(folder) / f"picture{file.suffix.lower()}")  # its own name means nothing
        try:
            inputs = model.read(Path(folder))
        except DataError as error:
            raise DataError(
                "this file cannot be read as a picture: it is damaged, larger than 64 megapixels, or of a format that "
                "is not read. Take a PNG or a JPEG."
            ) from error
    return [inputs, model.translate(inputs, model.labels(1, draw.label), draw.seed)]
