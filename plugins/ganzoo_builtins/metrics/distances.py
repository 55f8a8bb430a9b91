"""Euclidean distances between many points, computed in blocks to bound the memory, and nearest neighbours."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from ganzoo import Evidence, IncompatibleError

BLOCK = 2**24  # distances at a time: 128 MiB


def blocks(x: Tensor, y: Tensor) -> Iterator[tuple[slice, Tensor]]:
    """Yield the distances of points x (N, F) to points y (M, F) in float64, a block of rows at a time.

    The error is about 1e-8 of the spread of y, so two equal points may seem that far apart.

    Args:
        x: Points (N, F).
        y: Points (M, F).

    Yields:
        The rows as a slice of x, and their distances (rows, M).
    """
    mean = y.double().mean(0)  # subtracting it changes no distance, and rounding errors are least around zero
    y = y.double() - mean
    y_squares = y.square().sum(1)  # (M,)
    size = max(1, BLOCK // len(y))
    for start in range(0, len(x), size):
        rows = slice(start, start + size)
        block = x[rows].double() - mean
        squares = torch.addmm(y_squares, block, y.T, alpha=-2)  # (rows, F), (F, M) -> (rows, M)
        yield rows, squares.add_(block.square().sum(1, keepdim=True)).clamp_(min=0).sqrt_()


def radii(x: Tensor, neighbours: int) -> Tensor:
    """Return the distance of each point to its k-th nearest other point, (N, F) -> (N,), for k = neighbours < N."""
    parts = []
    for rows, distances in blocks(x, x):
        i = torch.arange(len(distances))
        distances[i, rows.start + i] = torch.inf  # a point is not its own neighbour
        parts.append(distances.topk(neighbours, largest=False).values[:, -1])
    return torch.cat(parts)


def nearest(x: Tensor, y: Tensor, excluded: Tensor | None = None) -> Tensor:
    """Return the distance of each point of x to the nearest point of y, exact: 0 for equal points.

    Args:
        x: Points (N, F).
        y: Points (M, F).
        excluded: Index in y (N,) of the point that does not count for each x: x itself.

    Returns:
        Distances (N,).
    """
    parts = []
    for rows, distances in blocks(x, y):
        if excluded is not None:
            distances[torch.arange(len(distances)), excluded[rows]] = torch.inf
        closest = distances.argmin(1)  # (rows,)
        parts.append((x[rows].double() - y[closest].double()).norm(dim=1))
    return torch.cat(parts)


def mean_distance(x: Tensor) -> float:
    """Return the mean distance of two different points of x (N, F), N > 1."""
    total = sum(distances.sum().item() for _, distances in blocks(x, x))  # the distance of a point to itself is about 0
    return total / (len(x) * (len(x) - 1))


def equal_numbers(metric: str, evidence: Evidence, most: int, neighbours: int) -> tuple[Tensor, Tensor]:
    """Return features of equally many real and generated samples, for metrics that depend on both numbers.

    Args:
        metric: Name of the metric, for the message.
        evidence: Real and generated samples.
        most: Largest number n of samples of each kind.
        neighbours: Number of nearest neighbours that the metric needs, less than n.

    Returns:
        Features (n, F) of real samples and of generated ones.

    Raises:
        IncompatibleError: There are too few samples.
    """
    n = min(most, len(evidence.real), len(evidence.fake))
    if n <= neighbours:
        raise IncompatibleError(
            f"metric {metric} looks at {neighbours} neighbours of each sample, and there are {n} samples: raise their "
            "number (that of `most` too), or lower `neighbours`."
        )
    return evidence.real.first(n).features, evidence.fake.first(n).features
