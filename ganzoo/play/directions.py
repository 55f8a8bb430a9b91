"""Directions among the codes of a GAN, of length 1: a coordinate, at random, or along which samples change most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, get_args

import torch
from torch import Tensor

from ganzoo.errors import GanzooError
from ganzoo.play import codes, draws
from ganzoo.play.draws import Draw
from ganzoo.sampling.latents import Codes
from ganzoo.sampling.model import Model

Kind = Literal["principal", "random", "coordinate"]
KINDS: tuple[Kind, ...] = get_args(Kind)
LOOK = 256  # samples of which principal directions are computed
FEW = 8  # principal directions
RANDOM = 100


def numbers(model: Model, widths: Sequence[int]) -> dict[Kind, int]:
    """How many directions there are of each kind, among codes of these widths."""
    return {
        "principal": min(FEW, sum(widths), model.spec.size),
        "random": RANDOM,
        "coordinate": sum(widths),
    }


def coordinate(widths: Sequence[int], k: int) -> Codes:
    """Of number k among all numbers of the codes: (z_dim,) for each call of a prior."""
    whole = torch.zeros(sum(widths))
    whole[k] = 1
    return [*whole.split([*widths])]


def random(widths: Sequence[int], seed: int) -> Codes:
    """Every way is as likely; the same seed is the same direction."""
    whole = torch.randn(sum(widths), generator=torch.Generator().manual_seed(seed))
    return [*(whole / whole.norm()).split([*widths])]


def principal(model: Model, label: int | None) -> list[Codes]:
    """The directions along which samples change most, the most first.

    Principal components of samples (LOOK, *spec.shape), each less the mean of its class, and the codes that go with
    them by linear regression: section 3.2 of Härkönen et al. 2020 (arXiv:2004.02546), of samples instead of features.
    """
    draw = Draw(LOOK, 0, label)
    z, x = codes.drawn(model, draw), draws.samples(model, draw)
    y, flat = model.labels(LOOK, label), x.double().flatten(1).cpu()  # (LOOK, size)
    for one in y.unique() if y is not None else []:
        flat[y == one] -= flat[y == one].mean(0)
    widths = [one.shape[1] for one in z]
    whole = torch.cat(z, 1).double().cpu()  # (LOOK, Z)
    u, s, _ = torch.linalg.svd(flat - flat.mean(0), full_matrices=False)
    few = numbers(model, widths)["principal"]
    scores = u[:, :few] * s[:few]  # (LOOK, few)
    ways = (whole - whole.mean(0)).T @ scores  # (Z, few): the regression's weights, but for their length
    ways = ways / ways.norm(dim=0).clamp_min(torch.finfo(ways.dtype).tiny)
    return [[*way.float().split(widths)] for way in ways.T]


def along(own: Codes, direction: Codes, far: float) -> Codes:
    """Codes (n, z_dim) as far as this from where they are, in standard deviations of a normal prior."""
    return [z + far * way.to(z) for z, way in zip(own, direction, strict=True)]


def check(numbers: Mapping[Kind, int], kind: str, k: int) -> Kind:
    """Errors: GanzooError for a direction that there is not."""
    for known, there in numbers.items():
        if kind == known and 0 <= k < there:
            return known
    there_are = ", ".join(f"{there} {known}" for known, there in numbers.items())
    raise GanzooError(f"there is no direction {kind} {k + 1}. There are {there_are}.")


def moved(model: Model, draw: Draw, own: Codes, direction: Codes, far: float) -> Tensor:
    """() -> (count, *spec.shape): the samples of a draw, moved."""
    return codes.sample(model, draw, along(own, direction, far))
