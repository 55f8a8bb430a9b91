"""The codes behind samples: which ones a procedure draws, samples from others, and ways from one code to another.

A procedure draws its noise by Generator.prior(). What stands here listens in on that call, or answers in its place, for
every generator inside, so that it works for any procedure that samples from a prior.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from ganzoo.errors import GanzooError
from ganzoo.interfaces import Generator
from ganzoo.procedure import Procedure

Codes = list[Tensor]
"""What each call of a prior in one sample() gave, in their order: (n, z_dim) each."""
Path = Callable[[Tensor, Tensor, float], Tensor]
"""Codes a, b (n, z_dim) and a place from 0, at a, to 1, at b -> (n, z_dim)."""
PARALLEL = 1e-4  # the sine of an angle that is no direction to go round in


def linear(a: Tensor, b: Tensor, place: float) -> Tensor:
    """Along the straight line. Between draws of many normal numbers, it passes codes that are shorter than any draw."""
    return a + place * (b - a)


def spherical(a: Tensor, b: Tensor, place: float) -> Tensor:
    """Along the great circle, slerp of White 2016 (arXiv:1609.04468); a straight line where a and b are parallel.

    The length goes from that of a to that of b. A code from a bounded prior may leave its bounds on the way.
    """
    x, y = a.double(), b.double()
    far, farther = (one.norm(dim=1, keepdim=True).clamp_min(torch.finfo(x.dtype).tiny) for one in (x, y))  # (n, 1)
    u, v = x / far, y / farther  # of length 1: of nearly opposite codes, others would go round by far too wide a curve
    angle = (u * v).sum(1, keepdim=True).clamp(-1, 1).acos()  # (n, 1)
    sine = angle.sin()
    round_ = (torch.sin((1 - place) * angle) * u + torch.sin(place * angle) * v) / sine.clamp_min(PARALLEL)
    return torch.where(sine < PARALLEL, linear(x, y, place), round_ * linear(far, farther, place)).to(a.dtype)


PATHS: dict[str, Path] = {"spherical": spherical, "linear": linear}


def drawn(procedure: Procedure, n: int, y: Tensor | None) -> Codes:
    """The codes that sample(n, y) draws. Errors: GanzooError when no generator is asked for any."""
    codes: Codes = []

    def listen(n: int, prior: Callable[[int], Tensor]) -> Tensor:
        codes.append(prior(n))
        return codes[-1]

    with _priors(procedure, listen):
        procedure.sample(n, y)
    if not codes or not all(z.is_floating_point() and z.dim() == 2 for z in codes):
        raise GanzooError(
            "this GAN draws no codes from a generator's prior, such as one that translates inputs or walks a chain: "
            "there is nothing to go from and to. `ganzoo sample` draws from it."
        )
    return codes


def sample(procedure: Procedure, n: int, y: Tensor | None, codes: Codes) -> Tensor:
    """sample(n, y) from these codes -> (n, *shape). Whatever else it draws is what it would have drawn."""
    left = iter(codes)

    def answer(n: int, prior: Callable[[int], Tensor]) -> Tensor:
        own, given = prior(n), next(left, None)  # drawn all the same: the noise after it stays the same
        if given is None or given.shape != own.shape:
            raise GanzooError(
                "this GAN asks for other codes each time it samples: there is no way from one sample to another."
            )
        return given

    with _priors(procedure, answer):
        return procedure.sample(n, y)


def from_code(procedure: Procedure, z: Tensor, y: Tensor | None) -> Tensor:
    """sample(n, y) from a code z (n, z_dim) that every prior inside answers with -> (n, *shape)."""
    with _priors(procedure, lambda n, prior: z):
        return procedure.sample(z.shape[0], y)  # len() would make a constant of it where a graph is drawn


@contextmanager
def _priors(procedure: Procedure, told: Callable[[int, Callable[[int], Tensor]], Tensor]) -> Iterator[None]:
    """Within the block told(n, prior) stands for the prior of every generator inside."""
    generators = [module for module in procedure.modules() if isinstance(module, Generator)]
    for generator in generators:
        generator.__dict__["prior"] = lambda n, prior=generator.prior: told(n, prior)
    try:
        yield
    finally:
        for generator in generators:
            del generator.__dict__["prior"]
