"""The codes behind a draw, and samples from others."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from ganzoo.play.draws import Draw
from ganzoo.sampling import latents, preview
from ganzoo.sampling.latents import Codes
from ganzoo.sampling.model import CHUNK, Model


def drawn(model: Model, draw: Draw) -> Codes:
    """(count, z_dim) for each call of a prior. Errors: GanzooError for a GAN that draws no codes."""
    with preview.sampling(model.procedure, _device(model), draw.seed):
        parts = [latents.drawn(model.procedure, n, y) for n, y, _ in _chunks(model, draw, [])]
    return [torch.cat(calls) for calls in zip(*parts, strict=True)]


def sample(model: Model, draw: Draw, codes: Codes) -> Tensor:
    """() -> (count, *spec.shape) from these codes; whatever else the draw draws is as it was."""
    with preview.sampling(model.procedure, _device(model), draw.seed):
        made = [latents.sample(model.procedure, n, y, own) for n, y, own in _chunks(model, draw, codes)]
    return torch.cat(made)


def _chunks(model: Model, draw: Draw, codes: Codes) -> Iterator[tuple[int, Tensor | None, Codes]]:
    """How many, labels and codes of each part that model.sample() makes at a time."""
    y = model.labels(draw.count, draw.label)
    for start in range(0, draw.count, CHUNK):
        part = slice(start, min(start + CHUNK, draw.count))
        labels = y[part].to(_device(model)) if y is not None else None
        yield part.stop - part.start, labels, [z[part] for z in codes]


def _device(model: Model) -> torch.device:
    return next(model.procedure.parameters()).device
