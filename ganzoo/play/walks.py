"""Walks from one sample to another, or from all samples of a draw to those of another, by the codes between theirs."""

from __future__ import annotations

from torch import Tensor

from ganzoo.errors import GanzooError
from ganzoo.play import codes
from ganzoo.play.draws import Draw
from ganzoo.sampling.latents import Codes, spherical
from ganzoo.sampling.model import Model


def one(model: Model, draw: Draw, own: Codes, number: int, others: Codes, other: int, place: float) -> Tensor:
    """() -> (1, *spec.shape): between sample `number` of a draw, at place 0, and sample `other` of another, at 1.

    own, others: the codes of the two draws. Nothing but the codes of that one sample changes: its class stays, too.
    Errors: GanzooError for a number that there is not.
    """
    for k, z in ((number, own[0]), (other, others[0])):
        if not 0 <= k < len(z):
            raise GanzooError(f"there is no sample {k + 1}: {len(z)} are drawn.")
    mixed = [z.clone() for z in own]
    for z, theirs in zip(mixed, others, strict=True):
        z[number] = spherical(z[number, None], theirs[other, None], place)[0]
    return codes.sample(model, draw, mixed)[number, None]


def every(model: Model, draw: Draw, own: Codes, others: Codes, place: float) -> Tensor:
    """() -> (count, *spec.shape): all samples of a draw on their way to those of another."""
    return codes.sample(model, draw, [spherical(a, b, place) for a, b in zip(own, others, strict=True)])
