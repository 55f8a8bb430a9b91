"""Latent codes: those that a procedure samples, samples from given codes, and interpolation between codes.

A procedure draws its codes by Generator.prior(). The functions of this module record that call, or replace its result,
in this thread alone. So they work for any procedure that samples from a prior, and in several threads at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

import torch
from torch import Tensor

from ganzoo.errors import GanzooError
from ganzoo.interfaces import replaced_priors
from ganzoo.procedure import Procedure

Codes = list[Tensor]
"""Results of all calls of a prior in one sample(), in order: (n, z_dim) each."""
Path = Callable[[Tensor, Tensor, float], Tensor]
"""Interpolation: codes a, b (n, z_dim) and a position from 0, at a, to 1, at b -> (n, z_dim)."""
PARALLEL = 1e-4  # smaller sines of the angle between two codes count as parallel


def linear(a: Tensor, b: Tensor, place: float) -> Tensor:
    """Interpolate along the straight line, whose middle is shorter than typical codes of a normal prior.

    Args:
        a: Codes (n, z_dim) at position 0.
        b: Codes (n, z_dim) at position 1.
        place: Position.

    Returns:
        Codes (n, z_dim).
    """
    return a + place * (b - a)


def spherical(a: Tensor, b: Tensor, place: float) -> Tensor:
    """Interpolate along the great circle: slerp of White 2016 (arXiv:1609.04468), linear between parallel codes.

    The length changes linearly from that of a to that of b. Codes of a bounded prior may leave its bounds in between.

    Args:
        a: Codes (n, z_dim) at position 0.
        b: Codes (n, z_dim) at position 1.
        place: Position.

    Returns:
        Codes (n, z_dim).
    """
    x, y = a.cpu().double(), b.cpu().double()  # MPS has no float64
    x_length, y_length = (vector.norm(dim=1, keepdim=True).clamp_min(torch.finfo(x.dtype).tiny) for vector in (x, y))
    u, v = x / x_length, y / y_length  # unit length: between nearly opposite codes, other lengths overshoot
    angle = (u * v).sum(1, keepdim=True).clamp(-1, 1).acos()  # (n, 1)
    sine = angle.sin()
    direction = (torch.sin((1 - place) * angle) * u + torch.sin(place * angle) * v) / sine.clamp_min(PARALLEL)
    length = linear(x_length, y_length, place)  # (n, 1)
    return torch.where(sine < PARALLEL, linear(x, y, place), direction * length).to(a)


PATHS: dict[str, Path] = {"spherical": spherical, "linear": linear}


@contextmanager
def truncated(procedure: Procedure, truncation: float | None) -> Iterator[None]:
    """Truncate what all generators of a procedure sample inside the block; see truncations()."""
    with ExitStack() as stack:
        for context in truncations(procedure, truncation):
            stack.enter_context(context)
        yield


def truncations(procedure: Procedure, truncation: float | None) -> list[AbstractContextManager[None]]:
    """Return the contexts in which the generators of a procedure are truncated.

    Args:
        procedure: The procedure.
        truncation: See Generator.truncated(); None to sample as in training.

    Returns:
        A context for each generator, to be entered together; none without a truncation.

    Raises:
        GanzooError: The truncation is no number above 0, or a generator cannot be truncated.
    """
    if truncation is None:
        return []
    if not 0 < truncation < math.inf:
        raise GanzooError(f"a truncation of {truncation}: give a number above 0, such as 0.7.")
    return [generator.truncated(truncation) for generator in procedure.generators()]


def drawn(procedure: Procedure, n: int, y: Tensor | None) -> Codes:
    """Return the codes that procedure.sample(n, y) draws.

    Args:
        procedure: The procedure.
        n: Number of samples.
        y: Labels (n,), or None when the procedure is not conditional.

    Returns:
        The results of all calls of a prior.

    Raises:
        GanzooError: No generator draws codes.
    """
    codes: Codes = []

    def listen(n: int, prior: Callable[[int], Tensor]) -> Tensor:
        codes.append(prior(n))
        return codes[-1]

    with replaced_priors(listen):
        procedure.sample(n, y)
    if not codes or not all(z.is_floating_point() and z.dim() == 2 for z in codes):
        raise GanzooError(
            "this GAN draws no codes from a generator's prior (it translates inputs, or samples by a Markov chain), so "
            "there is nothing to interpolate between. Use `ganzoo sample`."
        )
    return codes


def sample(procedure: Procedure, n: int, y: Tensor | None, codes: Codes) -> Tensor:
    """Return the samples of procedure.sample(n, y) with given codes. All other noise is drawn as usual.

    Args:
        procedure: The procedure.
        n: Number of samples.
        y: Labels (n,), or None when the procedure is not conditional.
        codes: A code for each call of a prior, as drawn() returns them.

    Returns:
        Samples (n, *shape).

    Raises:
        GanzooError: The procedure draws other numbers or shapes of codes.
    """
    left = iter(codes)

    def answer(n: int, prior: Callable[[int], Tensor]) -> Tensor:
        replaced = prior(n)  # drawn nevertheless, so that later noise stays the same
        z = next(left, None)
        if z is None or z.shape != replaced.shape:
            raise GanzooError("this GAN draws other codes each time it samples: it cannot interpolate.")
        return z

    with replaced_priors(answer):
        return procedure.sample(n, y)


def from_code(procedure: Procedure, z: Tensor, y: Tensor | None) -> Tensor:
    """Return the samples of procedure.sample(n, y) when every prior returns z.

    Args:
        procedure: The procedure.
        z: Codes (n, z_dim).
        y: Labels (n,), or None when the procedure is not conditional.

    Returns:
        Samples (n, *shape).
    """
    with replaced_priors(lambda n, prior: z):
        return procedure.sample(z.shape[0], y)  # len() would become a constant in an exported graph
