"""Latent codes of requested samples: interpolations, and moves along directions of length 1."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Literal, get_args

import torch
from torch import Tensor

from ganzoo.errors import GanzooError
from ganzoo.play import samples
from ganzoo.play.samples import Request
from ganzoo.sampling import latents
from ganzoo.sampling.latents import Codes, spherical
from ganzoo.sampling.model import Model
from ganzoo.utils import modes
from ganzoo.utils.rng import OwnNoise

Kind = Literal["principal", "random", "coordinate"]
KINDS: tuple[Kind, ...] = get_args(Kind)
SAMPLES = 256  # from which principal directions are computed
PRINCIPAL = 8  # principal directions at most
RANDOM = 100  # random directions


def codes(model: Model, request: Request) -> Codes:
    """Return the codes (count, z_dim) of a request, for each call of a prior.

    Args:
        model: The model.
        request: The request.

    Returns:
        The codes, in the order of the calls.

    Raises:
        GanzooError: The GAN has no latent codes.
    """
    with _sampling(model, request):
        parts = [latents.drawn(model.procedure, n, y) for n, y, _ in _chunks(model, request, [])]
    return [torch.cat(calls) for calls in zip(*parts, strict=True)]


def generate(model: Model, request: Request, z: Codes) -> Tensor:
    """Generate the samples (count, *spec.shape) of other codes; all other random numbers are those of the request.

    Args:
        model: The model.
        request: The request.
        z: Codes of the same shapes as those of the request.

    Returns:
        The samples.
    """
    with _sampling(model, request):
        parts = [latents.sample(model.procedure, n, y, part) for n, y, part in _chunks(model, request, z)]
    return torch.cat(parts)


@contextmanager
def _sampling(model: Model, request: Request) -> Iterator[None]:
    """Sample inside the block with the noise and the truncation of a request."""
    with (
        modes.sampling_with(model.procedure, OwnNoise(request.seed)),
        latents.truncated(model.procedure, request.truncation),
    ):
        yield


def _chunks(model: Model, request: Request, z: Codes) -> Iterator[tuple[int, Tensor | None, Codes]]:
    """Iterate over size, labels and codes of the parts that Model.sample() generates at a time."""
    y = model.labels(request.count, request.label)
    size = model.chunk(request.count)
    for start in range(0, request.count, size):
        part = slice(start, min(start + size, request.count))
        labels = y[part].to(_device(model)) if y is not None else None
        yield part.stop - part.start, labels, [codes[part] for codes in z]


def _device(model: Model) -> torch.device:
    return next(model.procedure.parameters()).device


def interpolate_one(
    model: Model, request: Request, z: Codes, index: int, other: Codes, other_index: int, place: float
) -> Tensor:
    """Generate a sample (1, *spec.shape) between two samples.

    Only the codes of this sample change: its class and all other random numbers are those of the first request.

    Args:
        model: The model.
        request: The request of the first sample.
        z: The codes of that request.
        index: Index of the first sample in it.
        other: The codes of the request of the second sample.
        other_index: Index of the second sample in it.
        place: From 0 at the first sample to 1 at the second.

    Returns:
        The sample.

    Raises:
        GanzooError: An index is out of range.
    """
    for k, codes in ((index, z[0]), (other_index, other[0])):
        if not 0 <= k < len(codes):
            raise GanzooError(f"there is no sample {k + 1}: {len(codes)} are shown.")
    mixed = [codes.clone() for codes in z]
    for codes, target in zip(mixed, other, strict=True):
        codes[index] = spherical(codes[index, None], target[other_index, None], place)[0]
    return generate(model, request, mixed)[index, None]


def interpolate_all(model: Model, request: Request, z: Codes, other: Codes, place: float) -> Tensor:
    """Generate samples (count, *spec.shape) between all samples of a request and those of another.

    Args:
        model: The model.
        request: The first request.
        z: Its codes.
        other: The codes of the second request.
        place: From 0 at the first samples to 1 at the second.

    Returns:
        The samples.
    """
    return generate(model, request, [spherical(a, b, place) for a, b in zip(z, other, strict=True)])


def direction_counts(model: Model, z_dims: Sequence[int]) -> dict[Kind, int]:
    """Return the number of directions of each kind, for codes with these numbers of dimensions."""
    return {
        "principal": min(PRINCIPAL, sum(z_dims), model.spec.size),
        "random": RANDOM,
        "coordinate": sum(z_dims),
    }


def coordinate_direction(z_dims: Sequence[int], k: int) -> Codes:
    """Return the direction (z_dim,) of coordinate k of all codes, for each call of a prior."""
    direction = torch.zeros(sum(z_dims))
    direction[k] = 1
    return [*direction.split([*z_dims])]


def random_direction(z_dims: Sequence[int], seed: int) -> Codes:
    """Return a uniformly distributed direction (z_dim,), determined by the seed, for each call of a prior."""
    direction = torch.randn(sum(z_dims), generator=torch.Generator().manual_seed(seed))
    return [*(direction / direction.norm()).split([*z_dims])]


def principal_directions(model: Model, label: int | None) -> list[Codes]:
    """Compute the directions in which samples change most.

    These are the principal components of samples (SAMPLES, *spec.shape), centred per class, mapped to codes by linear
    regression: section 3.2 of Härkönen et al. 2020 (arXiv:2004.02546), for samples instead of features.

    Args:
        model: The model.
        label: As for Request.

    Returns:
        The directions, with the largest change first.
    """
    request = Request(SAMPLES, 0, label)
    z = codes(model, request)
    x = samples.generate(model, request).cpu().double().flatten(1)  # (SAMPLES, size)
    y = model.labels(SAMPLES, label)
    for k in y.unique() if y is not None else []:
        x[y == k] -= x[y == k].mean(0)
    z_dims = [part.shape[1] for part in z]
    joint = torch.cat(z, 1).cpu().double()  # (SAMPLES, Z)
    u, s, _ = torch.linalg.svd(x - x.mean(0), full_matrices=False)
    few = direction_counts(model, z_dims)["principal"]
    scores = u[:, :few] * s[:few]  # (SAMPLES, few)
    directions = (joint - joint.mean(0)).T @ scores  # (Z, few): the regression weights, up to their length
    directions = directions / directions.norm(dim=0).clamp_min(torch.finfo(directions.dtype).tiny)
    return [[*direction.float().split(z_dims)] for direction in directions.T]


def moved(model: Model, request: Request, z: Codes, direction: Codes, distance: float) -> Tensor:
    """Generate the samples (count, *spec.shape) of a request, moved along a direction.

    Args:
        model: The model.
        request: The request.
        z: Its codes.
        direction: A direction of length 1.
        distance: Length of the move, in standard deviations of a normal prior.

    Returns:
        The samples.
    """
    return generate(model, request, [codes + distance * way.to(codes) for codes, way in zip(z, direction, strict=True)])


def check_direction(counts: Mapping[Kind, int], kind: str, k: int) -> Kind:
    """Check that a direction exists.

    Args:
        counts: Number of directions of each kind.
        kind: Kind of the direction.
        k: Its index within the kind.

    Returns:
        The kind.

    Raises:
        GanzooError: There is no such direction.
    """
    for known, count in counts.items():
        if kind == known and 0 <= k < count:
            return known
    listed = ", ".join(f"{count} {known}" for known, count in counts.items())
    raise GanzooError(f"there is no direction {kind} {k + 1}. There are {listed}.")
